import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fair, lifo, priority } from 'pypool';
import { describe, expect, it } from 'vitest';
import { givenTime } from '../../test/given-time.js';
import { gateOf, lazyPoolFor, poolFor, rejection, testFolder, testMark } from '../src/pool-for.js';
import { processesWithEnv } from '../src/processes.js';
import { until } from '../src/until.js';

/**
 * Worker processes by the operating system. Each leads a group; what a version manager's shim starts on the way to Python does not. A fork server does,
 * and is known by its children.
 */
function alive(): number {
  const { name, value } = testMark();
  const leaders = processesWithEnv(name, value).filter(({ pid, group }) => pid === group);
  return leaders.filter(({ pid }) => !leaders.some(({ parent }) => parent === pid)).length;
}

/** Resolves when the pool's only worker runs something. */
const busy = (pool: { status(): { workers: readonly { running: readonly unknown[] }[] } }) =>
  until('the worker is busy', () => pool.status().workers.some(({ running }) => running.length > 0));

const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n').filter(Boolean);

describe('dispatch and queue', () => {
  // 90 000 round trips: seconds on a quiet machine, and half a minute on one that does ten other things.
  it(
    'S23 100 000 queued calls: any of them is aborted at once, and all settle',
    { timeout: 180_000 },
    async () => {
      await using pool = await poolFor('echo', {
        size: 2,
        minReady: 2,
        maxQueue: Infinity,
        checkoutTimeoutMs: Infinity,
        timeoutMs: Infinity,
      });
      const gate = [pool.call('nap', [0.1]), pool.call('nap', [0.1])];
      const told = { served: 0, aborted: 0, wrong: 0 };
      const aborts: AbortController[] = [];
      const queued = Array.from({ length: 100_000 }, (_, n) => {
        const abort = n % 10 === 9 ? new AbortController() : undefined;
        if (abort !== undefined) aborts.push(abort);
        return pool.call('echo', [n], { signal: abort?.signal }).then(
          (value) => (told[value === n && abort === undefined ? 'served' : 'wrong'] += 1),
          (error: { code: string; outcome: string }) =>
            (told[error.code === 'aborted' && error.outcome === 'not-started' ? 'aborted' : 'wrong'] += 1),
        );
      });
      const { queued: count, waiting } = pool.status();
      expect(count).toBe(100_000);
      expect(waiting).toHaveLength(100);
      // The last first: a queue that had to be searched would take minutes. By what this process used, for a busy machine makes anybody wait.
      const began = process.cpuUsage();
      for (const abort of aborts.reverse()) abort.abort();
      expect(process.cpuUsage(began).user / 1_000).toBeLessThan(3_000);
      expect(pool.status().queued).toBe(90_000);
      await Promise.all([...gate, ...queued]);
      expect(told).toEqual({ served: 90_000, aborted: 10_000, wrong: 0 });
      expect(pool.status()).toMatchObject({ running: 0, queued: 0 });
    },
  );

  it('S12 the maximum is never exceeded: 20 callers on 4 workers', async () => {
    await using pool = await poolFor('echo', { size: 4, minReady: 4 });
    let most = 0;
    const look = setInterval(() => (most = Math.max(most, alive())), 20);
    const pids = await Promise.all(Array.from({ length: 20 }, () => pool.call<number>('nap_pid', [0.5])));
    clearInterval(look);
    expect(new Set(pids).size).toBe(4);
    expect(most).toBe(4);
  });

  it('S13 overflow comes under load and goes when idle, twice', async () => {
    await using pool = await poolFor('echo', { size: 2, overflow: 3, idleTimeoutMs: 300, minReady: 2 });
    for (const round of [1, 2]) {
      let most = 0;
      const look = setInterval(() => (most = Math.max(most, alive())), 10);
      const gate = gateOf(`gate ${round}`);
      const calls = Array.from({ length: 20 }, () => pool.call<number>('wait_for_pid', [gate.path]));
      await until('the overflow serves', () => pool.status().running === 5);
      gate.open();
      const pids = await Promise.all(calls);
      clearInterval(look);
      expect(new Set(pids).size).toBe(5);
      expect(most).toBeLessThanOrEqual(5);
      await until('the overflow has left', () => alive() === 2);
    }
  });

  it('S14 concurrency and order: 20 calls on 4 workers start in the order of their calls', async () => {
    await using pool = await poolFor('echo', { size: 4, minReady: 4 });
    const file = join(testFolder(), 'order');
    const gates = Array.from({ length: 20 }, (_, n) => gateOf(`gate ${n}`));
    const calls = gates.map(({ path }, n) => pool.call('note_until', [file, String(n), path]));
    const begun = () => (existsSync(file) ? linesOf(file).map(Number) : []);
    for (const [ended, gate] of gates.entries()) {
      // Four at once: those that ended, and the first four of the others.
      const expected = [...Array(Math.min(ended + 4, 20)).keys()];
      await until('four run', () => begun().length >= expected.length);
      expect(begun().sort((a, b) => a - b)).toEqual(expected);
      gate.open();
      await calls[ended];
    }
    await Promise.all(calls);
  });

  it.each([
    ['first in, first out', {}, ['a', 'b', 'c', 'd', 'e', 'f']],
    ['last in, first out', { queue: lifo() }, ['f', 'e', 'd', 'c', 'b', 'a']],
    ['by priority', { queue: priority() }, ['c', 'f', 'b', 'e', 'a', 'd']],
    [
      'fair by key',
      { queue: fair({ by: (call) => String(call.attributes?.['tenant']) }) },
      ['a', 'd', 'b', 'e', 'c', 'f'],
    ],
  ])('S14 the queue serves %s', async (_, options, expected) => {
    await using pool = await poolFor('echo', { size: 1, ...options });
    const file = join(testFolder(), 'order');
    const blocker = pool.call('nap', [0.3]);
    const prioritised = 'queue' in options && expected[0] === 'c';
    const waiting = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, n) =>
      pool.call('note', [file, name], {
        attributes: { tenant: n < 3 ? 'first' : 'second' },
        ...(prioritised && { priority: n % 3 }),
      }),
    );
    await Promise.all([blocker, ...waiting]);
    expect(linesOf(file)).toEqual(expected);
  });

  it('S15 load spread: 200 sequential calls leave no worker with over 40 %', async () => {
    await using pool = await poolFor('echo', { size: 4, minReady: 4 });
    const served = new Map<number, number>();
    for (let n = 0; n < 200; n += 1) {
      const pid = await pool.call<number>('pid');
      served.set(pid, (served.get(pid) ?? 0) + 1);
    }
    expect(served.size).toBe(4);
    expect(Math.max(...served.values())).toBeLessThanOrEqual(80);
  });

  it.each([0, 5])('S16 queue limit %i: one more is rejected at once, never thrown', async (maxQueue) => {
    await using pool = await poolFor('echo', { size: 1, maxQueue });
    const running = pool.call('nap', [0.5, 'ran']);
    const queued = Array.from({ length: maxQueue }, (_, n) => pool.call('echo', [n]));
    const refused = pool.call('echo', ['too many']);
    const error = await rejection(refused);
    expect(error).toMatchObject({
      category: 'resource',
      code: 'queue-full',
      outcome: 'not-started',
      retryable: true,
    });
    expect(await running).toBe('ran');
    expect(await Promise.all(queued)).toEqual([...Array(maxQueue).keys()]);
  });

  it('S16 no queue limit: 5 000 wait', async () => {
    await using pool = await poolFor('echo', { size: 2, maxQueue: Infinity });
    const answers = await Promise.all(
      Array.from({ length: 5_000 }, (_, n) => pool.call<number>('echo', [n])),
    );
    expect(answers).toEqual([...Array(5_000).keys()]);
  });

  it('S17 checkout timeout: rejected with what it waited for, and never executed', async () => {
    await using pool = await poolFor('echo', { size: 1, checkoutTimeoutMs: 200 });
    const file = join(testFolder(), 'ran');
    const gate = gateOf();
    const running = pool.call('wait_for', [gate.path, 'ran']);
    const error = await rejection(pool.call('note', [file, 'late']));
    expect(error).toMatchObject({ category: 'timeout', code: 'checkout-timeout', outcome: 'not-started' });
    expect(error.context).toMatchObject({ total: 1, busy: 1 });
    gate.open();
    expect(await running).toBe('ran');
    expect(await pool.call('note', [file, 'after'])).toBe('after');
    expect(linesOf(file)).toEqual(['after']);
  });

  it('S18 an expired waiter gets nothing: the worker goes to the next live one', async () => {
    await using pool = await poolFor('echo', { size: 1 });
    const file = join(testFolder(), 'ran');
    const gate = gateOf();
    const running = pool.call('wait_for', [gate.path]);
    const expired = rejection(pool.call('note', [file, 'expired'], { checkoutTimeoutMs: 100 }));
    const live = pool.call('note', [file, 'live']);
    expect(await expired).toMatchObject({ code: 'checkout-timeout' });
    gate.open();
    await running;
    await live;
    expect(linesOf(file)).toEqual(['live']);
  });

  it('S19 deadline while queued: rejected, and never runs', async () => {
    await using pool = await poolFor('echo', { size: 1 });
    const file = join(testFolder(), 'ran');
    const gate = gateOf();
    const running = pool.call('wait_for', [gate.path]);
    const error = await rejection(pool.call('note', [file, 'late'], { timeoutMs: 300 }));
    expect(error).toMatchObject({ category: 'timeout', code: 'deadline-exceeded', outcome: 'not-started' });
    gate.open();
    await running;
    await pool.call('note', [file, 'after']);
    expect(linesOf(file)).toEqual(['after']);
  });

  it('S20 the execution clock starts at the start', async () => {
    await using pool = await poolFor('echo', { size: 1 });
    const behind = async (executionTimeoutMs: number) => {
      const gate = gateOf(`gate ${executionTimeoutMs}`);
      const first = pool.call('wait_for', [gate.path, 'first']);
      const second = pool.call('nap', [0.001, 'second'], { executionTimeoutMs });
      // One that waits for as long and a little longer tells when that time is over.
      const late = await rejection(pool.call('pid', [], { checkoutTimeoutMs: executionTimeoutMs + 100 }));
      expect(late).toMatchObject({ code: 'checkout-timeout' });
      gate.open();
      return Promise.allSettled([first, second]);
    };
    // Once it runs it has no longer than that.
    const settled = await givenTime(300, behind, ([, second]) => second.status === 'fulfilled');
    expect(settled).toMatchObject([{ value: 'first' }, { value: 'second' }]);
  });

  it('S21 back-pressure: one edge to saturated, one back to available', async () => {
    await using pool = await poolFor('echo', { size: 2, minReady: 2 });
    const edges: string[] = [];
    pool.on('saturated', () => edges.push('saturated'));
    pool.on('available', () => edges.push('available'));
    await Promise.all([pool.call('nap', [0.1]), pool.call('nap', [0.3])]);
    await pool.drain();
    expect(edges).toEqual(['saturated', 'available']);
  });

  it('S24 prefetch does not hold hostages: what was sent ahead behind a long call finishes elsewhere', async () => {
    await using pool = await poolFor('echo', { size: 2, minReady: 2, prefetch: {} });
    const quick = async (n: number) => expect(await pool.call('linger', [n])).toBe(n);
    // So quick that some were sent ahead behind the long one. On a machine that does ten other things they may not be, at first.
    for (let round = 0; round < 30 && pool.stats().prefetch.takenBack === 0; round += 1) {
      await Promise.all(Array.from({ length: 400 }, (_, n) => quick(n)));
      const before = Array.from({ length: 20 }, (_, n) => quick(n));
      const gate = gateOf(`gate ${round}`);
      const long = pool.call('linger', ['long', gate.path]);
      const behind = Array.from({ length: 60 }, (_, n) => quick(n));
      // It does not end before they have.
      await Promise.all([...before, ...behind]);
      gate.open();
      expect(await long).toBe('long');
    }
    expect(pool.stats().calls).toMatchObject({ failed: 0, retried: 0 });
    expect(pool.stats().prefetch.takenBack).toBeGreaterThan(0);
    expect(pool.status()).toMatchObject({ running: 0, queued: 0, ahead: 0 });
  });

  it('S25 abort while queued: rejected at once with the reason, never executed, the running call untouched', async () => {
    await using pool = await poolFor('echo', { size: 1 });
    const file = join(testFolder(), 'ran');
    const gate = gateOf();
    const running = pool.call('wait_for', [gate.path, 'untouched']);
    await busy(pool);
    const abort = new AbortController();
    const queued = rejection(pool.call('note', [file, 'aborted'], { signal: abort.signal }));
    const reason = new Error('the user left');
    abort.abort(reason);
    const error = await queued;
    expect(error).toMatchObject({
      name: 'AbortError',
      category: 'cancelled',
      code: 'aborted',
      outcome: 'not-started',
    });
    expect(error.cause).toBe(reason);
    gate.open();
    expect(await running).toBe('untouched');
    await pool.call('note', [file, 'after']);
    expect(linesOf(file)).toEqual(['after']);
  });

  it('S28 already aborted: rejected with no spawn and no queue entry', async () => {
    await using pool = lazyPoolFor('echo', { start: 'lazy' });
    const error = await rejection(pool.call('echo', [1], { signal: AbortSignal.abort('no') }));
    expect(error).toMatchObject({ code: 'aborted', outcome: 'not-started', cause: 'no' });
    expect(pool.status().queued).toBe(0);
    expect(alive()).toBe(0);
  });
});
