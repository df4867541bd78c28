import { describe, expect, it } from 'vitest';

import type { PoolEvents } from '../observe/events.js';
import type { Pool } from '../pool.js';
import { flush } from '../test-support/fake-clock.js';
import { fakePool, type FakePool, type FakePoolOptions, rejection } from '../test-support/fake-pool.js';

type Retiring = PoolEvents['worker-retiring'];

/** A pool of workers that answer at once, and who left it why. */
async function answering(options: FakePoolOptions): Promise<FakePool & { retired: Retiring[] }> {
  const fake = await fakePool({ recycleJitter: 0, ...options });
  return { ...fake, retired: retiredOf(fake.pool) };
}

function retiredOf(pool: Pool): Retiring[] {
  const retired: Retiring[] = [];
  pool.on('worker-retiring', (event) => retired.push(event));
  return retired;
}

/** Make calls one after another, each answered at once. */
async function serve({ pool, factory }: FakePool, calls: number): Promise<void> {
  for (let n = 0; n < calls; n += 1) {
    const call = pool.call('call', [n]);
    factory.alive.find(({ calls: { length } }) => length > 0)!.answer();
    await call;
    await flush();
  }
}

describe('maxCalls', () => {
  it('S22 gives each call a fresh worker where it is 1', async () => {
    const { pool, factory } = await fakePool({ start: 'lazy', maxCalls: 1 });
    const calls = Array.from({ length: 7 }, (_, n) => pool.call('call', [n]));
    for (let n = 0; n < 7; n += 1) {
      await flush();
      factory.alive[0]!.answer(n);
    }
    expect(await Promise.all(calls)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(factory.workers.map(({ given }) => given).slice(0, 7)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(factory.most).toBe(1);
  });

  it('lets a worker finish what it has before it is replaced, and serve on until its turn comes', async () => {
    const { pool, factory, retired } = await answering({ maxCalls: 2, concurrency: 2, mode: 'manual' });
    factory.pending[0]!.succeed();
    await flush();
    const old = factory.workers[0]!;
    const calls = [pool.call('a'), pool.call('b')];
    old.answer('a');
    await flush();
    expect(pool.status().workers[0]).toMatchObject({ state: 'ready', calls: 2 });
    calls.push(pool.call('c'));
    factory.pending[0]!.succeed();
    await flush();
    expect(pool.status().workers[0]).toMatchObject({ state: 'retiring', reason: 'recycled' });
    expect(retired).toMatchObject([
      { workerId: 'pool-0.1', reason: 'recycled', reached: { option: 'maxCalls', value: 3, limit: 2 } },
    ]);
    old.answer('b');
    await flush();
    expect(old.exit).toBeUndefined();
    old.answer('c');
    expect(await Promise.all(calls)).toEqual(['a', 'b', 'c']);
    await flush();
    expect(old.exit).toMatchObject({ reason: 'closed' });
    expect(factory.alive).toHaveLength(1);
  });

  it('S45 serves on through any number of replacements', async () => {
    const fake = await answering({ size: 3, maxCalls: 5 });
    await serve(fake, 100);
    expect(fake.factory.alive).toHaveLength(3);
    expect(fake.factory.workers.length).toBeGreaterThan(15);
    expect(fake.factory.most).toBe(4);
    expect(fake.pool.stats().workers.restarts).toBe(fake.retired.length);
  });

  it('draws the limits of equal workers apart', async () => {
    let drawn = 0;
    const fake = await answering({
      size: 2,
      maxCalls: 100,
      recycleJitter: 0.5,
      random: () => (drawn++ % 2) / 2,
    });
    await serve(fake, 300);
    expect(new Set(fake.retired.map(({ reached }) => reached!.limit))).toEqual(new Set([100, 75]));
  });

  it('keeps the old worker where a new one cannot start', async () => {
    const fake = await answering({ maxCalls: 2, mode: 'manual' });
    fake.factory.pending[0]!.succeed();
    await flush();
    await serve(fake, 2);
    for (let n = 0; n < 5; n += 1) {
      fake.factory.pending[0]!.fail();
      await fake.clock.advance(40_000);
    }
    await serve(fake, 3);
    expect(fake.retired).toEqual([]);
    expect(fake.factory.alive).toHaveLength(1);
  });
});

describe('replace', () => {
  it("with 'after' starts nobody before the old worker is gone, though there is room", async () => {
    const { pool, factory } = await answering({ maxCalls: 2, overflow: 2, replace: 'after' });
    const calls = [pool.call('a')];
    factory.workers[0]!.answer('a');
    await flush();
    calls.push(pool.call('b'));
    await flush();
    expect(pool.status().workers).toMatchObject([{ state: 'retiring' }]);
    expect(factory.started).toHaveLength(1);
    factory.workers[0]!.answer('b');
    await flush();
    expect(pool.status().workers).toMatchObject([{ state: 'ready', id: 'pool-0.2' }]);
    expect(factory.most).toBe(1);
  });

  it.each(['before', 'after'] as const)(
    'S49 never has fewer than seven of eight ready (%s)',
    async (replace) => {
      const fake = await answering({ size: 8, maxCalls: 3, maxAgeMs: 500, replace });
      const { pool, factory, clock } = fake;
      let least = 8;
      pool.on('worker-retiring', () => {
        least = Math.min(least, pool.status().workers.filter(({ state }) => state === 'ready').length);
      });
      const calls = Array.from({ length: 400 }, () => pool.call('call'));
      while (pool.status().running > 0) {
        for (const worker of factory.alive) if (worker.calls.length > 0) worker.answer();
        await clock.advance(10);
      }
      await Promise.all(calls);
      expect(fake.retired.length).toBeGreaterThan(20);
      expect(least).toBe(replace === 'before' ? 8 : 7);
      expect(factory.most).toBe(replace === 'before' ? 9 : 8);
    },
  );

  it('lets a worker above size go in place of starting one', async () => {
    const { pool, factory, retired } = await answering({ overflow: 1, maxCalls: 2, idleTimeoutMs: Infinity });
    const calls = [pool.call('a'), pool.call('b')];
    await flush();
    for (const worker of factory.alive) worker.answer();
    calls.push(pool.call('c'));
    factory.workers[0]!.answer();
    await Promise.all(calls);
    await flush();
    expect(retired).toMatchObject([{ workerId: 'pool-0.1', reason: 'recycled' }]);
    expect(factory.started).toHaveLength(2);
  });
});

describe('maxAgeMs', () => {
  it('S46 brings the replacement first, then lets the call finish', async () => {
    const { pool, factory, clock, retired } = await answering({ maxAgeMs: 1_000, mode: 'manual' });
    factory.pending[0]!.succeed();
    await flush();
    const call = pool.call('call');
    const old = factory.workers[0]!;
    await clock.advance(999);
    expect(factory.pending).toEqual([]);
    await clock.advance(1);
    expect(factory.pending).toHaveLength(1);
    expect(retired).toEqual([]);
    await clock.advance(500);
    factory.pending[0]!.succeed();
    await flush();
    expect(retired).toMatchObject([{ reached: { option: 'maxAgeMs', value: 1_500, limit: 1_000 } }]);
    await clock.advance(60_000 - 1_600);
    old.answer('done');
    expect(await call).toBe('done');
    await flush();
    expect(old.exit).toMatchObject({ reason: 'closed' });
  });

  it('has no timer without it, and one for all with it', async () => {
    expect((await answering({ size: 4 })).clock.timers).toBe(0);
    expect((await answering({ size: 4, maxAgeMs: 1_000 })).clock.timers).toBe(1);
  });

  it('sees to the one that comes of age first, though it came last', async () => {
    const limits = [0.9, 0.1];
    const { pool, factory, clock } = await fakePool({
      size: 2,
      maxAgeMs: 1_000,
      recycleJitter: 1,
      random: () => 1 - (limits.shift() ?? 1),
    });
    await clock.advance(100);
    expect(factory.started).toHaveLength(3);
    expect(pool.status().workers.map(({ id }) => id)).toEqual(['pool-0.1', 'pool-2.3']);
  });
});

describe('memory', () => {
  it('S47 is looked at after calls, and a worker that holds too much leaves after the one it has', async () => {
    const { pool, factory, clock, retired } = await answering({ maxMemoryBytes: 200, memoryIntervalMs: 100 });
    const old = factory.workers[0]!;
    const call = pool.call('leak');
    old.memory = 300;
    await clock.advance(100);
    expect(retired).toMatchObject([{ reached: { option: 'maxMemoryBytes', value: 300, limit: 200 } }]);
    expect(old.exit).toBeUndefined();
    old.answer('done');
    expect(await call).toBe('done');
    await flush();
    expect(old.exit).toMatchObject({ reason: 'closed' });
    expect(factory.alive).toHaveLength(1);
  });

  it('is looked at while there is something to see, and no longer', async () => {
    const { pool, factory, clock } = await answering({ maxMemoryBytes: 1_000, memoryIntervalMs: 100 });
    const worker = factory.workers[0]!;
    expect(clock.timers).toBe(0);
    const call = pool.call('call', [], { timeoutMs: Infinity, checkoutTimeoutMs: Infinity });
    await clock.advance(350);
    expect(clock.timers).toBe(1);
    worker.memory = 700;
    worker.answer();
    await call;
    await clock.advance(100);
    expect(pool.status().workers[0]!.memoryBytes).toBe(700);
    expect(clock.timers).toBe(0);
  });

  it('is looked at after each call that was served, although one was sent ahead at the last look and taken back', async () => {
    const made = await answering({ maxMemoryBytes: 200, memoryIntervalMs: 100, revokes: true });
    const { pool, factory, clock, retired } = made;
    const worker = factory.workers[0]!;
    await serve(made, 1);
    const served = pool.call('call');
    const abort = new AbortController();
    const left = rejection(pool.call('call', [], { signal: abort.signal }));
    expect(pool.status()).toMatchObject({ running: 1, ahead: 1 });
    await clock.advance(100);
    worker.giveBack();
    abort.abort();
    expect(await left).toMatchObject({ code: 'aborted' });
    worker.memory = 300;
    worker.answer();
    await served;
    await clock.advance(100);
    expect(retired).toMatchObject([{ reached: { option: 'maxMemoryBytes', value: 300 } }]);
  });

  it('is forgiven where it has been given back before the turn of its worker came', async () => {
    const { pool, factory, clock, retired } = await answering({
      maxMemoryBytes: 200,
      memoryIntervalMs: 100,
      mode: 'manual',
    });
    factory.pending[0]!.succeed();
    await flush();
    const worker = factory.workers[0]!;
    const call = pool.call('call');
    worker.memory = 300;
    await clock.advance(100);
    expect(factory.pending).toHaveLength(1);
    worker.memory = 100;
    await clock.advance(100);
    // Nobody needs the new one any more.
    expect(factory.pending).toEqual([]);
    worker.answer();
    await call;
    expect(retired).toEqual([]);
    expect(pool.status().workers).toMatchObject([{ id: 'pool-0.1', state: 'ready' }]);
  });

  it('beyond the hard limit ends the worker with its call', async () => {
    const { pool, factory, clock, retired } = await answering({
      hardMaxMemoryBytes: 500,
      memoryIntervalMs: 100,
    });
    const call = rejection(pool.call('leak'));
    factory.alive[0]!.memory = 501;
    await clock.advance(100);
    expect(await call).toMatchObject({
      code: 'worker-exited',
      outcome: 'unknown',
      context: { memoryBytes: 501, hardMaxMemoryBytes: 500 },
    });
    expect(retired[0]).toMatchObject({
      reason: 'recycled',
      error: { code: 'worker-exited' },
      reached: { option: 'hardMaxMemoryBytes', value: 501, limit: 500 },
    });
  });

  it('beyond the hard limit soon after the start, again and again, brings a pause', async () => {
    const { pool, factory, clock } = await fakePool({
      mode: 'manual',
      hardMaxMemoryBytes: 500,
      memoryIntervalMs: 100,
    });
    for (let n = 0; n < 4; n += 1) {
      expect(factory.pending).toHaveLength(1);
      await clock.advance(250);
      factory.pending[0]!.succeed().memory = 501;
      await flush();
      const call = rejection(pool.call('leak'));
      await clock.advance(100);
      expect(await call).toMatchObject({ code: 'worker-exited' });
    }
    expect(factory.alive).toEqual([]);
    expect(factory.pending).toEqual([]);
    await clock.advance(100);
    expect(factory.pending).toHaveLength(1);
  });

  it('beyond the hard limit ends a worker that is leaving already', async () => {
    const { pool, factory, clock } = await answering({
      maxMemoryBytes: 200,
      hardMaxMemoryBytes: 500,
      memoryIntervalMs: 100,
    });
    const call = rejection(pool.call('leak'));
    factory.workers[0]!.memory = 300;
    await clock.advance(100);
    expect(pool.status().workers).toMatchObject([{ reason: 'recycled' }, { state: 'ready' }]);
    factory.workers[0]!.memory = 600;
    await clock.advance(100);
    expect(await call).toMatchObject({ code: 'worker-exited' });
    expect(factory.workers[0]!.exit).toMatchObject({ reason: 'killed' });
  });

  it('cannot be limited where it cannot be told', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual', maxMemoryBytes: 200 });
    factory.tellsMemory = false;
    const ready = rejection(pool.ready());
    factory.pending[0]!.succeed();
    expect(await ready).toMatchObject({ code: 'unsupported-platform' });
    expect(factory.alive).toEqual([]);
  });
});

describe('minIdle', () => {
  it('keeps places free ahead of need, and lets those too many go', async () => {
    const { pool, factory, clock } = await fakePool({ size: 0, overflow: 3, minIdle: 1, idleTimeoutMs: 100 });
    expect(factory.alive).toHaveLength(1);
    const calls = [pool.call('a'), pool.call('b')];
    await flush();
    expect(factory.alive).toHaveLength(3);
    calls.push(pool.call('c'));
    await flush();
    expect(factory.alive).toHaveLength(3);
    for (const worker of factory.alive) worker.answer();
    await Promise.all(calls);
    await clock.advance(1_000);
    expect(factory.alive).toHaveLength(1);
    const { armed } = clock;
    await clock.advance(1_000_000);
    expect(clock.armed).toBe(armed);
  });

  it('starts nobody while it closes', async () => {
    const { pool, factory } = await fakePool({ size: 0, overflow: 2, minIdle: 1 });
    const call = pool.call('a');
    await flush();
    factory.workers[1]!.die();
    const closed = pool.close();
    await flush();
    expect(factory.started.length).toBeLessThanOrEqual(3);
    factory.workers[0]!.answer();
    await call;
    await closed;
    expect(factory.alive).toEqual([]);
  });
});

describe('a closed pool', () => {
  it('has no timer left, where a worker came up while it closed and memory was to be looked at', async () => {
    const limits = { maxAgeMs: 10_000, maxMemoryBytes: 1_000 };
    const { pool, factory, clock } = await fakePool({ mode: 'manual', minReady: 0, ...limits });
    const call = pool.call('call');
    const closed = pool.close();
    factory.pending[0]!.succeed();
    await flush();
    factory.workers[0]!.answer('done');
    expect(await call).toBe('done');
    await closed;
    await flush();
    expect(clock.timers).toBe(0);
  });
});
