import type { FunctionFacts } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';

import { fair } from '../strategies/fair.js';
import type { SelectionStrategy } from '../strategies/selection.js';
import { flush } from '../test-support/fake-clock.js';
import { fakePool, type FakePoolOptions, standings } from '../test-support/fake-pool.js';
import type { FakeFactory } from '../test-support/fake-worker.js';

const limited = (concurrency: number): FunctionFacts => ({
  idempotent: false,
  executionTimeoutMs: undefined,
  concurrency,
});

const poolOf = (options: FakePoolOptions = {}) =>
  fakePool({ size: 4, facts: [['train', limited(1)]], ...options });

/** Names of the calls that run. */
const running = (factory: FakeFactory) =>
  factory.workers.flatMap(({ calls }) => calls.map(({ name }) => name));

const answer = (factory: FakeFactory, name: string, value?: unknown) =>
  factory.workers.find(({ calls }) => calls[0]?.name === name)!.answer(value);

describe('a function with a limit of its own', () => {
  it('runs that often at once, and holds up nobody behind it', async () => {
    const { pool, factory } = await poolOf();
    const trained = [1, 2, 3].map(() => pool.call('train'));
    void pool.call('embed');
    expect(running(factory)).toEqual(['train', 'embed']);
    for (let n = 1; n <= 3; n += 1) {
      answer(factory, 'train', n);
      expect(running(factory).filter((name) => name === 'train')).toHaveLength(n < 3 ? 1 : 0);
    }
    expect(await Promise.all(trained)).toEqual([1, 2, 3]);
  });

  it('goes before those that came after it once it may run', async () => {
    const { pool, factory } = await poolOf({ size: 2 });
    const order: string[] = [];
    const call = (name: string) => pool.call(name).then(() => order.push(name));
    const calls = [call('train'), call('a'), call('train'), call('b'), call('c')];
    answer(factory, 'a');
    await flush();
    // Its turn came while the first still ran: the next in line went ahead.
    expect(running(factory).sort()).toEqual(['b', 'train']);
    answer(factory, 'train');
    await flush();
    expect(running(factory).sort()).toEqual(['b', 'train']);
    answer(factory, 'train');
    answer(factory, 'b');
    answer(factory, 'c');
    await Promise.all(calls);
    expect(order).toEqual(['a', 'train', 'train', 'b', 'c']);
  });

  it('starts no workers for calls that may not run, and lets pool and queue be as full as they are', async () => {
    const { pool, factory } = await poolOf({ start: 'lazy', mode: 'manual', maxQueue: 2 });
    const first = pool.call('train');
    factory.pending[0]!.succeed();
    await flush();
    const calls = [1, 2, 3].map(() => pool.call('train'));
    expect(await standings(calls)).toEqual(['pending', 'pending', 'queue-full']);
    expect(factory.started).toHaveLength(1);
    expect(pool.status().queued).toBe(2);
    answer(factory, 'train');
    await first;
    expect(running(factory)).toEqual(['train']);
  });

  it('can be aborted, run out of time and be refused by a close while it is held', async () => {
    const { pool, factory, clock } = await poolOf();
    const abort = new AbortController();
    const calls = [
      pool.call('train', [], { executionTimeoutMs: Infinity, timeoutMs: Infinity }),
      pool.call('train', [], { signal: abort.signal }),
      pool.call('train', [], { checkoutTimeoutMs: 100 }),
      pool.call('train', [], { checkoutTimeoutMs: Infinity, timeoutMs: Infinity }),
    ];
    abort.abort();
    await clock.advance(100);
    expect(await standings(calls)).toEqual(['pending', 'aborted', 'checkout-timeout', 'pending']);
    void pool.close({ force: true });
    await flush();
    expect(await standings(calls)).toEqual(['pool-closed', 'aborted', 'checkout-timeout', 'pool-closed']);
    expect(factory.alive).toEqual([]);
  });

  it('is held apart from the limits of fair(), both of which hold', async () => {
    const queue = fair({ by: (call) => call.attributes?.['tenant'], limit: 2 });
    const { pool, factory } = await poolOf({ size: 4, queue, facts: [['train', limited(3)]] });
    const call = (tenant: string) => pool.call('train', [], { attributes: { tenant } });
    const calls = [call('a'), call('a'), call('a'), call('b'), call('b')];
    const tenants = () =>
      factory.workers.flatMap(({ calls: [one] }) => one?.meta?.attributes?.['tenant'] ?? []);
    expect(tenants().sort()).toEqual(['a', 'a', 'b']);
    for (let n = 0; n < 5; n += 1) {
      const now = tenants();
      expect(now.length).toBeLessThanOrEqual(3);
      expect(now.filter((tenant) => tenant === 'a').length).toBeLessThanOrEqual(2);
      answer(factory, 'train');
    }
    await Promise.all(calls);
  });

  it('waits for the worker that a strategy names, and for its turn', async () => {
    const first: SelectionStrategy = { name: 'first', select: (_call, workers) => workers[0] ?? null };
    const { pool, factory } = await poolOf({ size: 2, selection: first });
    const calls = ['train', 'train', 'embed'].map((name) => pool.call(name));
    expect(running(factory)).toEqual(['train']);
    answer(factory, 'train', 1);
    await flush();
    for (const name of running(factory)) answer(factory, name, 2);
    for (const name of running(factory)) answer(factory, name, 3);
    await Promise.all(calls);
    expect(factory.workers[0]!.given).toBe(3);
  });

  it('goes by the newest worker: a limit that is gone frees those that it held', async () => {
    const { pool, factory } = await poolOf({ size: 2 });
    const calls = [1, 2, 3].map((n) => pool.call('train', [n], { idempotent: true }));
    expect(running(factory)).toEqual(['train']);
    factory.facts = [];
    factory.alive.find(({ calls: [one] }) => one === undefined)!.die();
    await flush();
    expect(running(factory)).toEqual(['train', 'train']);
    factory.facts = [['train', limited(1)]];
    answer(factory, 'train');
    answer(factory, 'train');
    answer(factory, 'train');
    await Promise.all(calls);
  });
});
