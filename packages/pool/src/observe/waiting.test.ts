import { describe, expect, it } from 'vitest';

import { fair } from '../strategies/fair.js';
import { fifo } from '../strategies/fifo.js';
import { lifo } from '../strategies/lifo.js';
import { priority } from '../strategies/priority.js';
import type { SelectionStrategy } from '../strategies/selection.js';
import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection } from '../test-support/fake-pool.js';
import type { WaitingCall } from './waiting.js';

const by = (call: { attributes?: Readonly<Record<string, unknown>> | undefined }) => call.attributes?.['key'];

describe('status() of calls that wait', () => {
  it('is empty while none waits', async () => {
    const { pool } = await fakePool();
    void pool.call('a');
    expect(pool.status()).toMatchObject({ queued: 0, waiting: [], circuit: 'closed', places: 1 });
  });

  it('says where each stands, since when, and that all workers are busy', async () => {
    const { pool, clock } = await fakePool();
    void pool.call('a');
    await clock.advance(100);
    const since = clock.epochMs();
    void pool.call('b', [], { attributes: { tenant: 't' }, meta: { session: { id: 's' } } });
    pool.stream('c');
    await clock.advance(100);
    const anyWorker = {
      kind: 'any-worker',
      busy: 1,
      free: 0,
      starting: [],
      nextStartMs: undefined,
      circuit: 'closed',
    };
    const why = 'all 1 workers are busy';
    expect(pool.status().waiting).toEqual([
      {
        id: 2,
        kind: 'call',
        name: 'b',
        since,
        attributes: { tenant: 't' },
        session: { id: 's' },
        attempts: 0,
        ahead: 0,
        waitsFor: anyWorker,
        why,
      },
      {
        id: 3,
        kind: 'stream',
        name: 'c',
        since,
        attributes: undefined,
        session: undefined,
        attempts: 0,
        ahead: 1,
        waitsFor: anyWorker,
        why,
      },
    ]);
  });

  it('names the starts under way and their age, and then the pause after they failed', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual' });
    void rejection(pool.call('a'));
    await clock.advance(3_000);
    const [starting] = pool.status().waiting;
    expect(starting!.waitsFor).toMatchObject({
      busy: 0,
      starting: [{ workerId: 'pool-0.1', startingMs: 3_000 }],
    });
    expect(starting!.why).toBe('no worker is up; pool-0.1 has been starting for 3000 ms');
    factory.pending[0]!.fail();
    await flush();
    const [pausing] = pool.status().waiting;
    expect(pausing!.waitsFor).toMatchObject({ starting: [], nextStartMs: 75 });
    expect(pausing!.why).toBe('no worker is up; the next start is tried in 75 ms');
  });

  it('tells that the circuit is open where ready workers have yet to take a call', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual', size: 2, maxStartFailures: 1 });
    factory.pending[0]!.succeed();
    factory.pending[0]!.fail();
    await flush();
    void pool.call('a');
    void pool.call('b');
    expect(pool.status()).toMatchObject({
      circuit: 'open',
      waiting: [{ waitsFor: { busy: 1, circuit: 'open', nextStartMs: 75 } }],
    });
    await clock.advance(75);
    expect(pool.status()).toMatchObject({ circuit: 'half-open' });
  });

  it('names the one worker that may take a call, and counts how often it was tried', async () => {
    const second: SelectionStrategy = { name: 'second', select: (_call, workers) => workers[1] ?? null };
    const { pool, factory } = await fakePool({ size: 2, selection: second });
    void pool.call('a');
    void pool.call('b', [], { idempotent: true });
    const [waiting] = pool.status().waiting;
    expect(waiting).toMatchObject({
      name: 'b',
      waitsFor: { kind: 'one-worker', workerId: 'pool-1.2', running: 1 },
      why: 'only worker pool-1.2 may take it, which is busy with 1',
    });
    factory.workers[1]!.answer();
    factory.workers[1]!.die({ reap: false });
    expect(pool.status().waiting).toMatchObject([{ name: 'b', attempts: 1 }]);
  });

  it('tells of the limit of a function, and of what the discipline holds back', async () => {
    const limited = { idempotent: false, executionTimeoutMs: undefined, concurrency: 1 };
    const { pool } = await fakePool({ size: 4, queue: fair({ by, limit: 1 }), facts: [['train', limited]] });
    const call = (name: string, key: string) => void pool.call(name, [], { attributes: { key } });
    call('train', 'a');
    call('train', 'b');
    call('embed', 'a');
    expect(pool.status()).toMatchObject({
      queued: 2,
      waiting: [
        { name: 'embed', waitsFor: { kind: 'discipline', queue: 'fair' }, why: 'fair() holds it back' },
        {
          name: 'train',
          waitsFor: { kind: 'function', running: 1, limit: 1 },
          why: '1 of "train" run, and at most 1 may at once',
        },
      ],
    });
  });

  it('tells of a call that its function no longer holds, and that has no place yet', async () => {
    const limited = { idempotent: false, executionTimeoutMs: undefined, concurrency: 2 };
    const { pool, factory } = await fakePool({ size: 2, facts: [['train', limited]] });
    for (let n = 0; n < 4; n += 1) void rejection(pool.call('train'));
    expect(pool.status().waiting.map(({ waitsFor }) => waitsFor.kind)).toEqual(['function', 'function']);
    factory.mode = 'manual';
    factory.workers[0]!.die();
    await flush();
    // One runs and another may, as soon as there is a worker for it.
    expect(pool.status().waiting).toMatchObject([
      {
        waitsFor: { kind: 'any-worker', busy: 1, free: 0 },
        why: 'all 1 workers are busy; pool-2.3 has been starting for 0 ms',
      },
      {
        waitsFor: { kind: 'function', running: 1, limit: 2 },
        why: '1 of "train" run, and at most 2 may at once',
      },
    ]);
    await pool.close({ force: true });
  });

  it('tells that a strategy chooses nobody, though some are free', async () => {
    const nobody: SelectionStrategy = { name: 'nobody', select: () => null };
    const { pool } = await fakePool({ size: 2, selection: nobody });
    void rejection(pool.call('a'));
    expect(pool.status().waiting).toMatchObject([
      {
        waitsFor: { kind: 'any-worker', busy: 0, free: 2 },
        why: 'selection "nobody" chooses none of the 2 workers that have a free place',
      },
    ]);
    await pool.close({ force: true });
  });

  it('shows a hundred of a hundred thousand', async () => {
    const { pool } = await fakePool({ maxQueue: Infinity });
    for (let n = 0; n < 100_000; n += 1) void pool.call('call');
    const { queued, waiting } = pool.status();
    expect(queued).toBe(99_999);
    expect(waiting.map(({ ahead }) => ahead)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(waiting.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, n) => n + 2));
  });

  it.each([
    ['fifo', fifo(), false],
    ['lifo', lifo(), false],
    ['priority', priority(), true],
    ['fair', fair({ by }), false],
  ])('shows them in the order in which they are taken (%s)', async (_, queue, usesPriority) => {
    const { pool, factory } = await fakePool({ queue });
    let n = 0;
    const call = (key: string) =>
      pool.call(`${key}${n}`, [], { attributes: { key }, ...(usesPriority && { priority: n++ % 3 }) });
    const calls = ['a', 'a', 'a', 'b', 'a', 'c', 'b', 'a'].map((key) => {
      n += usesPriority ? 0 : 1;
      return call(key);
    });
    const ids = (shown: readonly WaitingCall[]) => shown.map(({ id }) => id);
    const expected = ids(pool.status().waiting);
    const taken: number[] = [];
    for (let left = calls.length; left > 0; left -= 1) {
      if (left < calls.length) taken.push(pool.status().workers[0]!.running[0]!.id);
      factory.workers[0]!.answer();
    }
    expect(taken).toEqual(expected);
    await Promise.all(calls);
  });
});
