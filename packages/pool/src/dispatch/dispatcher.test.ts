import { describe, expect, it } from 'vitest';

import { fair } from '../strategies/fair.js';
import { leastBusy } from '../strategies/least-busy.js';
import { lifo } from '../strategies/lifo.js';
import { priority } from '../strategies/priority.js';
import { roundRobin } from '../strategies/round-robin.js';
import type { SelectableWorker, SelectionStrategy } from '../strategies/selection.js';
import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection, standings } from '../test-support/fake-pool.js';
import type { FakeFactory } from '../test-support/fake-worker.js';

/** Names of the calls that workers have, in the order of their slots. */
const running = (factory: FakeFactory) => factory.alive.flatMap(({ calls }) => calls.map(({ name }) => name));

/** Answer everything until nothing runs; the names in the order they were answered. */
async function serveAll(factory: FakeFactory): Promise<string[]> {
  const order: string[] = [];
  for (let worker = busy(factory); worker !== undefined; worker = busy(factory)) {
    order.push(worker.calls[0]!.name);
    worker.answer();
    await flush();
  }
  return order;
}

const busy = (factory: FakeFactory) => factory.alive.find(({ calls }) => calls.length > 0);

describe('dispatch', () => {
  it('gives the place of a settled call to the next in the same turn', async () => {
    const { pool, factory } = await fakePool();
    void pool.call('first');
    void pool.call('second');
    expect(running(factory)).toEqual(['first']);
    factory.workers[0]!.answer();
    expect(running(factory)).toEqual(['second']);
  });

  it('keeps no worker that is gone in what it showed the strategy', async () => {
    const shown = new Set<readonly SelectableWorker[]>();
    const strategy = leastBusy();
    const { pool, factory } = await fakePool({
      size: 2,
      selection: {
        ...strategy,
        select(call, workers) {
          shown.add(workers);
          return strategy.select(call, workers);
        },
      },
    });
    // With one worker busy, the place that became free last is the only one.
    void pool.call('long');
    for (let n = 0; n < 3; n += 1) {
      const call = pool.call('short');
      factory.workers[1]!.answer();
      await call;
    }
    const gone = pool.status().workers[1]!.id;
    const holding = () => [...shown].filter((workers) => workers.some(({ id }) => id === gone)).length;
    expect(holding()).toBe(2);
    factory.workers[1]!.die();
    expect(holding()).toBe(0);
  });

  it('S12 never has more workers than size and overflow', async () => {
    const { pool, factory } = await fakePool({ size: 3, overflow: 1 });
    const calls = Array.from({ length: 20 }, (_, n) => pool.call(`call-${n}`));
    await flush();
    expect(running(factory)).toHaveLength(4);
    await serveAll(factory);
    await Promise.all(calls);
    expect(factory.most).toBe(4);
  });

  it('S14 starts calls in the order they were made', async () => {
    const { pool, factory } = await fakePool({ size: 2 });
    for (let n = 0; n < 10; n += 1) void pool.call(`call-${n}`);
    const started = running(factory);
    for (let n = 0; n < 8; n += 1) {
      const worker = factory.workers[n % 2]!;
      worker.answer();
      started.push(worker.calls[0]!.name);
    }
    expect(started).toEqual(Array.from({ length: 10 }, (_, n) => `call-${n}`));
  });

  it.each([
    ['last in, first out', lifo(), ['f', 'e', 'd', 'c', 'b', 'a']],
    ['by priority', priority(), ['c', 'f', 'b', 'e', 'a', 'd']],
    ['fair by key', fair({ by: (call) => call.attributes?.['tenant'] }), ['a', 'd', 'b', 'e', 'c', 'f']],
  ])('S14 serves the queue %s', async (_, queue, expected) => {
    const { pool, factory } = await fakePool({ queue });
    void pool.call('blocker');
    ['a', 'b', 'c', 'd', 'e', 'f'].forEach((name, n) => {
      const tenant = n < 3 ? 'one' : 'two';
      void pool.call(name, [], { attributes: { tenant }, ...(queue.usesPriority && { priority: n % 3 }) });
    });
    expect(await serveAll(factory)).toEqual(['blocker', ...expected]);
  });

  it('refuses a priority that the discipline would ignore', async () => {
    const { pool } = await fakePool();
    expect(await rejection(pool.call('a', [], { priority: 1 }))).toMatchObject({ code: 'invalid-options' });
  });

  it('holds calls of a key at its limit while others pass', async () => {
    const { pool, factory } = await fakePool({
      size: 3,
      queue: fair({ by: (call) => call.attributes?.['tenant'], limit: 1 }),
    });
    for (const tenant of ['one', 'one', 'two']) void pool.call(tenant, [], { attributes: { tenant } });
    expect(running(factory)).toEqual(['one', 'two']);
    expect(pool.status().queued).toBe(1);
    factory.workers[0]!.answer();
    expect(running(factory).sort()).toEqual(['one', 'two']);
  });

  it('starts no worker for calls that a limit holds back', async () => {
    const { pool, factory } = await fakePool({
      size: 1,
      overflow: 3,
      queue: fair({ by: () => 'all', limit: 1 }),
    });
    for (let n = 0; n < 5; n += 1) void pool.call('call');
    await flush();
    expect(factory.started).toHaveLength(1);
  });

  it('S15 spreads 200 calls made one after another over 4 idle workers', async () => {
    const { pool, factory } = await fakePool({ size: 4 });
    for (let n = 0; n < 200; n += 1) {
      const call = pool.call('call');
      busy(factory)!.answer();
      await call;
    }
    // In rows of 16.
    expect(factory.workers.map(({ given }) => given)).toEqual([56, 48, 48, 48]);
  });

  it('takes workers in turn with round robin', async () => {
    const { pool } = await fakePool({ size: 3, selection: roundRobin() });
    const seen: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      void pool.call('call').catch(() => {});
      seen.push(
        ...pool
          .status()
          .workers.filter((worker) => worker.running.length > 0)
          .map(({ slot }) => slot),
      );
      if (n === 2) break;
    }
    expect(seen).toEqual([0, 0, 1, 0, 1, 2]);
  });

  it('uses every place of a worker that takes several calls at once', async () => {
    const { pool, factory } = await fakePool({ size: 2, concurrency: 3 });
    for (let n = 0; n < 7; n += 1) void pool.call(`call-${n}`);
    expect(factory.workers.map(({ calls }) => calls.length)).toEqual([3, 3]);
    expect(pool.status().queued).toBe(1);
  });

  it('survives a worker that throws or answers in the middle of being given a call', async () => {
    const { pool, factory } = await fakePool();
    factory.workers[0]!.respond = () => {
      throw new Error('contract? what contract?');
    };
    expect(await rejection(pool.call('thrown'))).toMatchObject({ code: 'internal' });
    factory.workers[0]!.calls.length = 0;
    factory.workers[0]!.respond = () => factory.workers[0]!.answer('at once');
    expect(await Promise.all([pool.call('a'), pool.call('b')])).toEqual(['at once', 'at once']);
    expect(pool.status()).toMatchObject({ running: 0, queued: 0 });
  });

  it('ignores what a worker says after its answer', async () => {
    const { pool, factory } = await fakePool();
    const call = pool.call('call');
    const attempt = factory.workers[0]!.calls[0]!;
    factory.workers[0]!.answer('first');
    attempt.onResult('second');
    attempt.onStart();
    attempt.onItem('third');
    expect(await call).toBe('first');
    expect(pool.status().running).toBe(0);
    expect(pool.stats().calls).toMatchObject({ succeeded: 1, failed: 0 });
  });

  it('carries meta, attributes and the deadline to the worker', async () => {
    const { pool, factory, clock } = await fakePool({ timeoutMs: 5_000 });
    void pool.call('a', undefined, { attributes: { tenant: 'x' }, meta: { session: { id: 's' } } });
    expect(factory.workers[0]!.calls[0]!.meta).toEqual({
      attributes: { tenant: 'x' },
      session: { id: 's' },
      deadline: clock.epochMs() + 5_000,
    });
  });
});

describe('queue limits', () => {
  it.each([0, 5])('S16 with maxQueue %i refuses one more at once, with the numbers', async (maxQueue) => {
    const { pool, factory } = await fakePool({ maxQueue });
    const accepted = Array.from({ length: maxQueue + 1 }, () => pool.call('call'));
    const error = await rejection(pool.call('one too many'));
    expect(error).toMatchObject({ code: 'queue-full', outcome: 'not-started', retryable: true });
    expect(error.context).toMatchObject({ busy: 1, queued: maxQueue, maxQueue, maximum: 1 });
    await serveAll(factory);
    await Promise.all(accepted);
  });

  it('S16 without a limit lets 5 000 wait', async () => {
    const { pool, factory } = await fakePool({ maxQueue: Infinity });
    const calls = Array.from({ length: 5_000 }, () => pool.call('call'));
    factory.workers[0]!.respond = () => factory.workers[0]!.answer();
    factory.workers[0]!.answer();
    await Promise.all(calls);
  });

  it('with maxQueue 0 lets a call wait for a worker that may still be started, and no more calls than there may be workers', async () => {
    const { pool, factory } = await fakePool({
      mode: 'manual',
      start: 'lazy',
      size: 1,
      overflow: 1,
      maxQueue: 0,
    });
    const calls = [pool.call('a'), pool.call('b'), pool.call('c')];
    expect(await standings(calls)).toEqual(['pending', 'pending', 'queue-full']);
    factory.pending[0]!.succeed();
    await flush();
    expect(await rejection(pool.call('d'))).toMatchObject({ code: 'queue-full' });
  });
});

describe('memory for a result', () => {
  it('is offered to the worker that has the call, and to nobody from when it has an answer', async () => {
    const { pool, factory } = await fakePool({ size: 1 });
    const into = new Uint8Array(8);
    const call = pool.call('f', [], { into, idempotent: true });
    const first = factory.workers[0]!.calls[0]!;
    expect(first.into).toBe(into);
    factory.workers[0]!.die();
    await flush();
    const second = factory.workers[1]!.calls[0]!;
    expect([first.into, second.into]).toEqual([undefined, into]);
    factory.workers[1]!.answer(5);
    expect(second.into).toBeUndefined();
    expect(await call).toBe(5);
  });
});

describe('selection', () => {
  it('is asked only of the worker that has the one free place, where any will do', async () => {
    const asked: number[][] = [];
    const any: SelectionStrategy = {
      name: 'any',
      sendsAhead: true,
      select(_call, workers) {
        asked.push(workers.map(({ slot }) => slot));
        return workers.find(({ inFlight, concurrency }) => inFlight < concurrency) ?? null;
      },
    };
    const { pool, factory } = await fakePool({ size: 3, selection: any, prefetch: false });
    for (const name of ['a', 'b', 'c', 'd', 'e']) void pool.call(name);
    expect(asked.splice(0)).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ]);
    factory.workers[1]!.answer();
    factory.workers[2]!.answer();
    expect(asked).toEqual([[1], [2]]);
    expect(running(factory)).toEqual(['a', 'd', 'e']);
    // One that has died is no choice, though its place was the last to become free.
    factory.workers[2]!.answer();
    factory.workers[2]!.die();
    factory.workers[0]!.answer();
    void pool.call('f');
    expect(running(factory)).toEqual(['f', 'd']);
  });

  /** Calls with a session go to the worker that its id names, or fail where it is `nowhere`. */
  const bySession: SelectionStrategy = {
    name: 'by-session',
    select(call, workers) {
      const id = call.meta?.session?.id;
      if (id === undefined)
        return workers.find(({ inFlight, concurrency }) => inFlight < concurrency) ?? null;
      if (id === 'nowhere') throw new Error('no such place');
      return workers.find(({ slot }) => String(slot) === id) ?? workers[0] ?? null;
    },
  };
  const session = (id: string) => ({ meta: { session: { id } } });

  it('lets a call wait for a busy worker of its own without holding up the others', async () => {
    const { pool, factory } = await fakePool({ size: 2, selection: bySession });
    void pool.call('first', [], session('0'));
    void pool.call('second', [], session('0'));
    void pool.call('anonymous');
    expect(running(factory)).toEqual(['first', 'anonymous']);
    factory.workers[1]!.answer();
    expect(running(factory)).toEqual(['first']);
    factory.workers[0]!.answer();
    expect(running(factory)).toEqual(['second']);
  });

  it('serves those who wait for this worker before those who wait for any', async () => {
    const { pool, factory } = await fakePool({ size: 1, selection: bySession });
    void pool.call('first');
    void pool.call('anyone');
    void pool.call('bound', [], session('0'));
    expect(await serveAll(factory)).toEqual(['first', 'bound', 'anyone']);
  });

  it('starts no worker for a call that waits for a certain one', async () => {
    const { pool, factory } = await fakePool({ size: 1, overflow: 2, selection: bySession });
    void pool.call('first', [], session('0'));
    void pool.call('second', [], session('0'));
    await flush();
    expect(factory.started).toHaveLength(1);
  });

  it('asks again, ahead of the queue, when the worker that calls waited for is gone', async () => {
    const { pool, factory } = await fakePool({ size: 1, selection: bySession });
    const first = pool.call('first', [], session('0'));
    void pool.call('bound-1', [], session('0'));
    void pool.call('bound-2', [], session('0'));
    void pool.call('anyone');
    factory.workers[0]!.die();
    expect(await rejection(first)).toMatchObject({ code: 'worker-exited' });
    await flush();
    expect(await serveAll(factory)).toEqual(['bound-1', 'bound-2', 'anyone']);
  });

  it('rejects a call with what the strategy throws, even while every worker is busy', async () => {
    const { pool } = await fakePool({ selection: bySession });
    void pool.call('busy');
    expect(await rejection(pool.call('call', [], session('nowhere')))).toMatchObject({ code: 'internal' });
    expect(pool.status()).toMatchObject({ running: 1, queued: 0 });
  });

  it('rejects a call for which a strategy chose what it was not offered', async () => {
    const { pool } = await fakePool({ selection: { name: 'odd', select: () => ({}) as never } });
    expect(await rejection(pool.call('call'))).toMatchObject({ code: 'internal' });
  });

  it('lets a call that waits for its own worker be aborted and run out of time', async () => {
    const { pool, factory, clock } = await fakePool({
      size: 1,
      selection: bySession,
      checkoutTimeoutMs: 500,
    });
    const abort = new AbortController();
    void pool.call('first', [], session('0'));
    const aborted = pool.call('aborted', [], { ...session('0'), signal: abort.signal });
    const expired = pool.call('expired', [], session('0'));
    void pool.call('next', [], { ...session('0'), checkoutTimeoutMs: Infinity });
    abort.abort();
    expect(await rejection(aborted)).toMatchObject({ code: 'aborted' });
    const expiry = rejection(expired);
    await clock.advance(500);
    expect(await expiry).toMatchObject({ code: 'checkout-timeout' });
    expect(pool.status().queued).toBe(1);
    expect(await serveAll(factory)).toEqual(['first', 'next']);
  });
});
