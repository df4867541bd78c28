import { createError, type FunctionFacts } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';

import type { Pool } from '../pool.js';
import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection, standings } from '../test-support/fake-pool.js';

const aborted = createError({ code: 'aborted', message: 'No longer wanted.', outcome: 'unknown' });

/** Calls by worker, by ascending slot. */
function loads(pool: Pool): number[] {
  return pool.status().workers.map(({ running }) => running.length);
}

function make(pool: Pool, calls: number): Promise<unknown>[] {
  const made = Array.from({ length: calls }, (_, n) => pool.call(`call-${n}`, [n]));
  for (const call of made) call.catch(() => undefined);
  return made;
}

describe('workers that take several calls at once', () => {
  it('are given calls in turn before any of them is full', async () => {
    const { pool } = await fakePool({ size: 3, concurrency: 4 });
    const seen: number[][] = [];
    for (let n = 0; n < 5; n += 1) {
      void make(pool, 1);
      seen.push(loads(pool));
    }
    expect(seen).toEqual([
      [1, 0, 0],
      [1, 1, 0],
      [1, 1, 1],
      [2, 1, 1],
      [2, 2, 1],
    ]);
  });

  it('bring no overflow while any of them has a place, and one for all that wait then', async () => {
    const { pool, factory } = await fakePool({ size: 2, overflow: 2, concurrency: 4 });
    void make(pool, 8);
    await flush();
    expect(factory.started).toHaveLength(2);
    void make(pool, 4);
    await flush();
    expect(factory.started).toHaveLength(3);
    expect(loads(pool)).toEqual([4, 4, 4]);
    void make(pool, 1);
    await flush();
    expect(loads(pool)).toEqual([4, 4, 4, 1]);
  });

  it('leave overflow to rest and go once the steady ones have places', async () => {
    const { pool, factory, clock } = await fakePool({
      size: 1,
      overflow: 1,
      concurrency: 2,
      idleTimeoutMs: 1_000,
    });
    void make(pool, 3);
    await flush();
    const [steady, extra] = factory.workers;
    steady!.answer();
    extra!.answer();
    await flush();
    // One runs at all times from here on, and the overflow gets none of it.
    for (let n = 0; n < 5; n += 1) {
      void make(pool, 1);
      steady!.answer();
      await clock.advance(300);
    }
    expect(extra!.given).toBe(1);
    expect(factory.alive).toEqual([steady]);
  });

  it('are known to do so before the first is up, where their factory says it', async () => {
    const { pool, factory } = await fakePool({
      size: 4,
      overflow: 2,
      start: 'lazy',
      mode: 'manual',
      concurrency: 8,
    });
    void make(pool, 9);
    await flush();
    expect(factory.pending).toHaveLength(2);
    expect(pool.status().places).toBe(48);
  });

  it('fill the queue only beyond all their places', async () => {
    const { pool } = await fakePool({ size: 2, concurrency: 3, maxQueue: 2 });
    const calls = make(pool, 9);
    expect(await standings(calls)).toEqual([...Array<string>(8).fill('pending'), 'queue-full']);
    expect(pool.status()).toMatchObject({ running: 6, queued: 2, places: 6 });
  });

  it('S21 are saturated at their last place, once', async () => {
    const { pool, factory } = await fakePool({ size: 2, concurrency: 3 });
    const edges: unknown[] = [];
    pool.on('saturated', ({ running, queued, places }) => edges.push(['saturated', running, queued, places]));
    pool.on('available', ({ running, queued }) => edges.push(['available', running, queued]));
    void make(pool, 8);
    for (let n = 0; n < 4; n += 1) factory.workers[n % 2]!.answer();
    expect(edges).toEqual([
      ['saturated', 6, 0, 6],
      ['available', 5, 0],
    ]);
  });

  it('hold to the limit of a function over all of them', async () => {
    const limited: FunctionFacts = { idempotent: false, executionTimeoutMs: undefined, concurrency: 2 };
    const { pool, factory } = await fakePool({ size: 2, concurrency: 4, facts: [['limited', limited]] });
    for (let n = 0; n < 5; n += 1) void pool.call('limited');
    expect(loads(pool)).toEqual([1, 1]);
    void pool.call('other');
    expect(pool.status()).toMatchObject({ running: 3, queued: 3 });
    factory.workers[1]!.answer();
    expect(
      factory.workers.flatMap(({ calls }) => calls).filter(({ name }) => name === 'limited'),
    ).toHaveLength(2);
  });

  it('say what each of them runs, and how many it may', async () => {
    const { pool } = await fakePool({ concurrency: 4 });
    void make(pool, 3);
    expect(pool.status().workers).toMatchObject([
      { concurrency: 4, running: [{ id: 1 }, { id: 2 }, { id: 3 }] },
    ]);
  });
});

describe('a worker that is about to end for the sake of one of its calls', () => {
  it('is replaced at once, while the others go on', async () => {
    const { pool, factory } = await fakePool({ concurrency: 4 });
    const calls = make(pool, 3);
    const [worker] = factory.workers;
    worker!.yield(aborted);
    await flush();
    expect(factory.alive).toHaveLength(2);
    expect(pool.status().workers).toMatchObject([
      { state: 'retiring', reason: 'aborted' },
      { state: 'ready', running: [] },
    ]);
    expect(pool.health().reasons).toEqual([]);
    const [culprit, ...neighbours] = [...worker!.calls];
    for (const call of neighbours) worker!.answer('whole', call);
    worker!.fail(aborted, culprit);
    expect(await standings(calls)).toEqual(['aborted', 'whole', 'whole']);
    expect(factory.alive).toEqual([factory.workers[1]]);
  });

  it('takes no room from those that come: its calls have no place of the new one', async () => {
    const { pool, factory } = await fakePool({ concurrency: 4, maxQueue: 0 });
    const edges: string[] = [];
    pool.on('saturated', () => edges.push('saturated'));
    pool.on('available', () => edges.push('available'));
    void make(pool, 4);
    factory.workers[0]!.yield(aborted);
    await flush();
    const calls = make(pool, 5);
    expect(await standings(calls)).toEqual(['pending', 'pending', 'pending', 'pending', 'queue-full']);
    expect(edges).toEqual(['saturated', 'available', 'saturated']);
  });

  it('holds up close() until all of them are answered, and no longer', async () => {
    const { pool, factory } = await fakePool({ concurrency: 4 });
    void make(pool, 2);
    const [worker] = factory.workers;
    worker!.yield(aborted);
    await flush();
    const closed = pool.close();
    await flush();
    expect(pool.status().state).toBe('closing');
    worker!.answer();
    worker!.answer();
    await closed;
    expect(factory.alive).toEqual([]);
  });

  it('is killed with them when close() is forced', async () => {
    const { pool, factory } = await fakePool({ concurrency: 4 });
    const calls = make(pool, 2);
    factory.workers[0]!.yield(aborted);
    await flush();
    await pool.close({ force: true });
    expect(await standings(calls)).toEqual(['pool-closed', 'pool-closed']);
    expect(factory.alive).toEqual([]);
  });

  it('gives an idempotent call that ended with it to another, and fails the rest', async () => {
    const { pool, factory } = await fakePool({ concurrency: 4 });
    const safe = pool.call('safe', [], { idempotent: true });
    const plain = rejection(pool.call('plain'));
    const [worker] = factory.workers;
    worker!.observer.onUnavailable(aborted);
    await flush();
    worker!.die();
    expect(await plain).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    factory.workers[1]!.answer('again');
    expect(await safe).toBe('again');
  });
});

describe('turnover of workers with many calls in flight', () => {
  it('recycles one by calls while it has others, and gives it none from then on', async () => {
    const { pool, factory } = await fakePool({ concurrency: 4, maxCalls: 6, recycleJitter: 0 });
    const calls = make(pool, 4);
    const [old] = factory.workers;
    for (let n = 0; n < 2; n += 1) {
      old!.answer('old');
      calls.push(...make(pool, 1));
    }
    await flush();
    expect(pool.status().workers[0]).toMatchObject({ state: 'retiring', reason: 'recycled', calls: 6 });
    calls.push(...make(pool, 4));
    expect(loads(pool)).toEqual([4, 4]);
    for (let n = 0; n < 4; n += 1) old!.answer('old');
    for (let n = 0; n < 4; n += 1) factory.workers[1]!.answer('new');
    expect(await Promise.all(calls)).toEqual([
      ...Array<string>(6).fill('old'),
      ...Array<string>(4).fill('new'),
    ]);
    await flush();
    expect(old!.exit).toMatchObject({ reason: 'closed' });
  });

  it('gives each call a worker of its own with maxCalls: 1, however many a worker could take', async () => {
    const { pool, factory } = await fakePool({ size: 2, concurrency: 4, maxCalls: 1, recycleJitter: 0 });
    const calls = make(pool, 6);
    while (factory.alive.some(({ calls: { length } }) => length > 0)) {
      for (const worker of factory.alive) {
        expect(worker.calls.length).toBeLessThanOrEqual(1);
        if (worker.calls.length > 0) worker.answer(worker.request.workerId);
      }
      await flush();
    }
    expect(new Set(await Promise.all(calls)).size).toBe(6);
  });

  it('S50 reloads under load, and fails no call', async () => {
    const { pool, factory } = await fakePool({ size: 2, concurrency: 4 });
    const old = [...factory.workers];
    const calls = make(pool, 60);
    const reloaded = pool.reload();
    while (pool.status().running > 0) {
      for (const worker of factory.alive) if (worker.calls.length > 0) worker.answer('done');
      await flush();
    }
    await reloaded;
    expect(new Set(await standings(calls))).toEqual(new Set(['done']));
    expect(old.every(({ exit }) => exit?.reason === 'closed')).toBe(true);
    expect(factory.alive).toHaveLength(2);
  });

  it('S51 closes gracefully with many in flight, and forced with each of them told', async () => {
    for (const force of [false, true]) {
      const { pool, factory } = await fakePool({ size: 2, concurrency: 4 });
      const calls = make(pool, 10);
      const closed = pool.close({ force });
      if (!force) {
        for (let n = 0; n < 5; n += 1)
          for (const worker of factory.workers) if (worker.calls.length > 0) worker.answer('done');
      }
      await closed;
      expect(new Set(await standings(calls))).toEqual(new Set([force ? 'pool-closed' : 'done']));
      if (force) {
        const outcomes = await Promise.all(
          calls.map(async (call) => (await rejection(call)).outcome as string),
        );
        expect(outcomes).toEqual([...Array<string>(8).fill('unknown'), 'not-started', 'not-started']);
      }
      expect(factory.alive).toEqual([]);
    }
  });

  it('is given back to the pool by a death: the first of its calls unknown, those it never began elsewhere', async () => {
    const { pool, factory } = await fakePool({ size: 1, concurrency: 4 });
    const calls = make(pool, 6);
    factory.workers[0]!.die();
    await flush();
    expect(loads(pool)).toEqual([2]);
    factory.workers[1]!.answer('elsewhere');
    factory.workers[1]!.answer('elsewhere');
    expect(await standings(calls)).toEqual([
      ...Array<string>(4).fill('worker-exited'),
      'elsewhere',
      'elsewhere',
    ]);
  });
});
