import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PythonPool } from 'pypool';
import { describe, expect, it } from 'vitest';
import { pidsOf, poolFor, rejection, testFolder } from '../src/pool-for.js';
import { isAlive } from '../src/processes.js';
import { until } from '../src/until.js';

const file = (): string => join(testFolder(), 'marks');
const marks = (): string[] =>
  existsSync(file()) ? readFileSync(file(), 'utf8').split('\n').slice(0, -1) : [];
const begun = (): Promise<void> => until('the call has begun', () => marks().includes('begun'));

/** Begin so many calls that take a while, and tell what they came to. */
function beside(pool: PythonPool, calls: number): Promise<unknown[]> {
  return Promise.all(Array.from({ length: calls }, (_, n) => pool.call('take', [1, n])));
}

describe('the engine async', () => {
  it('S25 abort while queued, behind many that run: at once, never executed, the others untouched', async () => {
    await using pool = await poolFor('together', { size: 1, engine: 'async', concurrency: 4 });
    const running = beside(pool, 4);
    const abort = new AbortController();
    const queued = rejection(pool.call('note', [file(), 'ran'], { signal: abort.signal }));
    expect(pool.status()).toMatchObject({ running: 4, queued: 1 });
    const reason = new Error('the user left');
    abort.abort(reason);
    const error = await queued;
    expect(error).toMatchObject({ code: 'aborted', outcome: 'not-started' });
    expect(error.cause).toBe(reason);
    expect(await running).toEqual([0, 1, 2, 3]);
    await pool.call('note', [file(), 'after']);
    expect(marks()).toEqual(['after']);
  });

  it('S26 abort while running, among many: typed within 300 ms, its finally ran, the same process, the others untouched', async () => {
    await using pool = await poolFor('together', { size: 1, engine: 'async' });
    const [pid] = pidsOf(pool);
    const abort = new AbortController();
    const running = rejection(pool.call('nap', [file(), 30], { signal: abort.signal }));
    const others = beside(pool, 20);
    await begun();
    const reason = new Error('the user left');
    const abortedAt = performance.now();
    abort.abort(reason);
    const error = await running;
    expect(performance.now() - abortedAt).toBeLessThan(300);
    expect(error).toMatchObject({
      name: 'AbortError',
      code: 'aborted',
      outcome: 'finished',
      context: { rung: 'interrupt' },
    });
    expect(error.cause).toBe(reason);
    expect(marks()).toEqual(['begun', 'cleaned up']);
    expect(await pool.call('pid')).toBe(pid);
    expect(await others).toEqual([...Array(20).keys()]);
    expect(pidsOf(pool)).toEqual([pid]);
  });

  it('S30 timeout while running, among many: the Python work is ended, no late reply reaches one, the same process', async () => {
    await using pool = await poolFor('together', { size: 1, engine: 'async', concurrency: 8 });
    const [pid] = pidsOf(pool);
    const timedOut = rejection(pool.call('nap', [file(), 5], { executionTimeoutMs: 300 }));
    const others = beside(pool, 7);
    const next = Array.from({ length: 20 }, (_, n) => pool.call('echo', [n]));
    expect(await timedOut).toMatchObject({
      code: 'execution-timeout',
      outcome: 'finished',
      context: { budgetMs: 300, rung: 'interrupt' },
    });
    expect(marks()).toEqual(['begun', 'cleaned up']);
    expect(await Promise.all(next)).toEqual([...next.keys()]);
    expect(await others).toEqual([...Array(7).keys()]);
    expect(await pool.call('pid')).toBe(pid);
  });

  it('S31 a call that ignores its end: those beside it finish, a replacement serves meanwhile, who is left ends with it and is told of whom', async () => {
    const cancelGraces = { interruptMs: 100, sigintMs: 100, sigtermMs: 100, neighboursMs: 2_000 };
    await using pool = await poolFor('together', { size: 1, engine: 'async', cancelGraces });
    const [pid] = pidsOf(pool);
    const left: unknown[] = [];
    pool.on('worker-retiring', ({ reason, error }) => left.push([reason, error?.code]));
    const culprit = rejection(pool.call('ignore_the_end', [file()], { executionTimeoutMs: 300 }));
    const stays = rejection(pool.call('nap', [file(), 600]));
    const others = beside(pool, 5);
    await until('the worker takes no more calls', () => left.length > 0);
    expect(await pool.call('pid')).not.toBe(pid);
    expect(isAlive(pid!)).toBe(true);
    expect(await others).toEqual([0, 1, 2, 3, 4]);
    expect(await culprit).toMatchObject({
      code: 'execution-timeout',
      outcome: 'unknown',
      context: { pid, rung: 'sigkill' },
    });
    expect(await stays).toMatchObject({
      code: 'worker-exited',
      outcome: 'unknown',
      context: { pid, culprit: 'ignore_the_end', rung: 'sigkill' },
      cause: { code: 'execution-timeout' },
    });
    expect(isAlive(pid!)).toBe(false);
    await until('the pool is whole', () => pool.status().workers.length === 1);
    expect(left).toEqual([['timeout', 'execution-timeout']]);
    expect(pool.health().reasons).toEqual([]);
  });

  it('S33 the caller of a stream leaves, among many: the clean-up runs once, the others go on', async () => {
    await using pool = await poolFor('together', { size: 1, engine: 'async' });
    const [pid] = pidsOf(pool);
    const others = beside(pool, 10);
    for (const items of [1_000_000, 3]) {
      const taken: number[] = [];
      for await (const number of pool.stream<number>('count', [file(), items])) {
        taken.push(number);
        if (taken.length < 3) continue;
        if (items === 3) await until('it sleeps before its next item', () => marks().includes('sleeps'));
        break;
      }
      expect(taken).toEqual([0, 1, 2]);
      await until('it is cleaned up', () => marks().at(-1) === 'cleaned up');
    }
    expect(marks()).toEqual(['cleaned up', 'sleeps', 'cleaned up']);
    expect(await others).toEqual([...Array(10).keys()]);
    expect(await pool.call('pid')).toBe(pid);
  });

  it('S61 knows the session of each call while hundreds are in flight', async () => {
    await using pool = await poolFor('together', {
      size: 2,
      minReady: 2,
      engine: 'async',
      concurrency: 100,
    });
    const calls = Array.from({ length: 400 }, (_, n) => {
      const options = { attributes: { n } };
      const id = n % 5 === 0 ? null : `session-${n % 40}`;
      const call =
        id === null ? pool.call('whose', [], options) : pool.session(id).call('whose', [], options);
      return call.then((seen) => expect(seen).toEqual(Array(3).fill([id, n])));
    });
    expect(pool.status()).toMatchObject({ running: 200, places: 200 });
    await Promise.all(calls);
    expect(pool.sessions.list().every(({ inFlight }) => inFlight === 0)).toBe(true);
  });
});
