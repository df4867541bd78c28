import { readFileSync } from 'node:fs';
import type { PythonPool, PythonPoolEvents } from 'pypool';
import { describe, expect, it } from 'vitest';
import { gateOf, lazyPoolFor, pidsOf, poolFor, rejection } from '../src/pool-for.js';
import { isAlive } from '../src/processes.js';
import { until } from '../src/until.js';

const MIB = 2 ** 20;

type Retiring = PythonPoolEvents['worker-retiring'];

/** Who leaves a pool from now on, each with the number of ready workers at that moment. */
function leaversOf(pool: PythonPool): (Retiring & { readonly ready: number })[] {
  const leavers: (Retiring & { readonly ready: number })[] = [];
  pool.on('worker-retiring', (event) => {
    const ready = pool.status().workers.filter(({ state }) => state === 'ready').length;
    leavers.push({ ...event, ready });
  });
  return leavers;
}

/** What a process has resident, shared or not. */
function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}

/** Call without pause, so many at a time, until told to stop. */
function load(pool: PythonPool, callers: number, name: string, args: readonly unknown[] = []) {
  let going = true;
  const results: unknown[] = [];
  const failures: unknown[] = [];
  const done = Promise.all(
    Array.from({ length: callers }, async () => {
      while (going) {
        await pool.call(name, args).then(
          (result) => results.push(result),
          (error: unknown) => failures.push(error),
        );
      }
    }),
  );
  return {
    results,
    failures,
    stop: async () => {
      going = false;
      await done;
    },
  };
}

describe('recycling', () => {
  it.each([0, 2])('S22 a fresh worker for each of 7 calls, with %i steady ones', async (size) => {
    await using pool = lazyPoolFor('echo', { size, overflow: 2 - size, maxCalls: 1, idleTimeoutMs: 100 });
    const pids = await Promise.all(Array.from({ length: 7 }, () => pool.call<number>('pid')));
    expect(new Set(pids).size).toBe(7);
  });

  it('S45 by calls: 100 one after another and 100 at once all succeed, with 3 live throughout', async () => {
    await using pool = await poolFor('echo', { size: 3, minReady: 3, maxCalls: 5 });
    const before = pidsOf(pool);
    const leavers = leaversOf(pool);
    for (let n = 0; n < 100; n += 1) expect(await pool.call('echo', [n])).toBe(n);
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => pool.call<number>('echo', [n])));
    expect(answers).toEqual([...Array(100).keys()]);
    await until('all three are replaced', () => before.every((pid) => !isAlive(pid)));
    expect(leavers.every(({ ready, reached }) => ready >= 3 && reached?.option === 'maxCalls')).toBe(true);
    expect(leavers.every(({ reached }) => reached!.value >= reached!.limit)).toBe(true);
  });

  it('S46 by age with a call in flight: the replacement first, then the call to its end', async () => {
    await using pool = await poolFor('echo', { size: 1, maxAgeMs: 300, recycleJitter: 0 });
    const old = pool.status().workers[0]!.id;
    const order: string[] = [];
    pool.on('worker-ready', ({ workerId }) => order.push(workerId === old ? 'old ready' : 'new ready'));
    pool.on('worker-retiring', ({ workerId, reached }) => {
      if (workerId === old) order.push(`old leaves by ${reached?.option}`);
    });
    pool.on('worker-exit', ({ workerId }) => {
      if (workerId === old) order.push('old gone');
    });
    const gate = gateOf();
    const call = pool.call('wait_for', [gate.path, 'done']).then((value) => order.push(String(value)));
    await until('it is to leave', () => order.includes('old leaves by maxAgeMs'));
    gate.open();
    await call;
    await until('the old one is gone', () => order.includes('old gone'));
    expect(order.slice(0, 4)).toEqual(['new ready', 'old leaves by maxAgeMs', 'done', 'old gone']);
  });

  it.each(['leak', 'leak_in_child'])('S47 by memory: after %s of 300 MB with a limit of 200', async (how) => {
    await using pool = await poolFor('leaky', {
      size: 1,
      maxMemoryBytes: 200 * MIB,
      memoryIntervalMs: 50,
      recycleJitter: 0,
    });
    const leavers = leaversOf(pool);
    const old = await pool.call('pid');
    expect(await pool.call(how, [300])).toBeGreaterThan(0);
    await until('it has left', () => leavers.length > 0);
    expect(leavers[0]).toMatchObject({ reason: 'recycled', reached: { option: 'maxMemoryBytes' } });
    // It may have been looked at while it still took more.
    expect(leavers[0]!.reached!.value).toBeGreaterThan(200 * MIB);
    expect(await pool.call('pid')).not.toBe(old);
  });

  it('S47 by memory: 300 MB that forked processes share is nobody’s', async () => {
    await using pool = await poolFor('share_preload', {
      size: 1,
      maxMemoryBytes: 200 * MIB,
      memoryIntervalMs: 10,
    });
    const leavers = leaversOf(pool);
    const pid = await pool.call<number>('pid');
    await until('it has been looked at', () => pool.status().workers[0]!.memoryBytes !== undefined);
    expect(residentBytes(pid)).toBeGreaterThan(300 * MIB);
    expect(pool.status().workers[0]!.memoryBytes).toBeLessThan(100 * MIB);
    expect(await pool.call('pid')).toBe(pid);
    expect(leavers).toEqual([]);
  });

  it('S47 the hard limit ends a call that runs, and says so', async () => {
    await using pool = await poolFor('leaky', {
      size: 1,
      hardMaxMemoryBytes: 200 * MIB,
      memoryIntervalMs: 20,
    });
    const leavers = leaversOf(pool);
    const error = await rejection(pool.call('leak_and_wait', [300]));
    expect(error).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    expect(error.context.memoryBytes).toBeGreaterThan(200 * MIB);
    expect(leavers).toMatchObject([{ reason: 'recycled', reached: { option: 'hardMaxMemoryBytes' } }]);
    expect(await pool.call('pid')).toBeGreaterThan(0);
  });

  it.each(['before', 'after'] as const)(
    'S48 leaking calls: all 300 of 3 MB each have their result (%s)',
    async (replace) => {
      const limit = 100 * MIB;
      await using pool = await poolFor('leaky', {
        size: replace === 'after' ? 1 : 2,
        maxMemoryBytes: limit,
        memoryIntervalMs: 10,
        checkoutTimeoutMs: Infinity,
        timeoutMs: Infinity,
        replace,
      });
      const leavers = leaversOf(pool);
      const pids = await Promise.all(Array.from({ length: 300 }, () => pool.call<number>('leak', [3])));
      expect(pids).toHaveLength(300);
      await until('nobody holds too much', () =>
        pool
          .status()
          .workers.every(({ memoryBytes = 0, state }) => state === 'ready' && memoryBytes <= limit),
      );
      expect(leavers.length).toBeGreaterThan(0);
      // Who leaves first is never far beyond: what calls leak between two looks.
      if (replace === 'after')
        expect(Math.max(...leavers.map(({ reached }) => reached!.value))).toBeLessThan(4 * limit);
    },
  );

  it('S49 not all at once: of 8 workers of one age under load never fewer than 7 are ready', async () => {
    await using pool = await poolFor('echo', { size: 8, minReady: 8, maxAgeMs: 200, recycleJitter: 0 });
    const leavers = leaversOf(pool);
    const { failures, stop } = load(pool, 8, 'nap', [0.02]);
    await until('eight have left', () => leavers.length >= 8, 60_000);
    await stop();
    expect(failures).toEqual([]);
    expect(Math.min(...leavers.map(({ ready }) => ready))).toBeGreaterThanOrEqual(7);
  }, 90_000);
});
