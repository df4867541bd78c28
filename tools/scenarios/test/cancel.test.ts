import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PythonPool } from 'pypool';
import { describe, expect, it } from 'vitest';
import { givenTime } from '../../test/given-time.js';
import { pidsOf, poolFor, rejection, testFolder } from '../src/pool-for.js';
import { isAlive } from '../src/processes.js';
import { until } from '../src/until.js';

const file = (): string => join(testFolder(), 'marks');
const marks = (): string[] =>
  existsSync(file()) ? readFileSync(file(), 'utf8').split('\n').slice(0, -1) : [];
const begun = (): Promise<void> => until('the call has begun', () => marks().includes('begun'));
const forget = (): void => rmSync(file(), { force: true });

/** Short, for calls that nothing but the harder rungs ends. */
const cancelGraces = { interruptMs: 200, sigintMs: 100, sigtermMs: 100 };

/** Long, for calls that an interrupt ends: on a busy machine it may come late, and nothing harder may come before. */
const patientGraces = { interruptMs: 30_000 };

/** The pool is whole again: as many ready workers as it should have, none of them this one. */
async function whole(pool: PythonPool, size: number, without: number): Promise<void> {
  await until('the pool is whole', () => {
    const { workers } = pool.status();
    return workers.length === size && workers.every(({ state }) => state === 'ready');
  });
  expect(pidsOf(pool)).not.toContain(without);
  expect(isAlive(without)).toBe(false);
}

/** Whether a call that took too long was ended by a signal, after which its worker is used no more. */
function endedItsProcess({ context }: { context: { rung?: string } }): boolean {
  return ['sigint', 'sigterm', 'sigkill'].includes(context.rung ?? '');
}

describe('cancelling', () => {
  it.each(['nap', 'nap_async'])(
    'S26 abort while running (%s): typed within 300 ms, its finally ran, the same process serves on',
    async (name) => {
      await using pool = await poolFor('stubborn', { size: 1, cancelGraces: patientGraces });
      const [pid] = pidsOf(pool);
      let tookMs = Infinity;
      // The best of a few: a machine that does something else for a moment is not what is asked about.
      for (let tries = 0; tries < 5 && tookMs >= 300; tries += 1) {
        forget();
        const abort = new AbortController();
        const running = rejection(pool.call(name, [file(), 600], { signal: abort.signal }));
        await begun();
        const reason = new Error('the user left');
        const abortedAt = performance.now();
        abort.abort(reason);
        const error = await running;
        tookMs = Math.min(tookMs, performance.now() - abortedAt);
        expect(error).toMatchObject({
          name: 'AbortError',
          code: 'aborted',
          outcome: 'finished',
          context: { rung: 'interrupt' },
        });
        expect(error.cause).toBe(reason);
        expect(marks()).toEqual(['begun', 'cleaned up']);
        expect(await pool.call('pid')).toBe(pid);
      }
      expect(tookMs).toBeLessThan(300);
    },
  );

  it('S27 abort of a busy loop: ended by the ladder, which names its rung; the queue behind it completes', async () => {
    await using pool = await poolFor('stubborn', { size: 1, cancelGraces: patientGraces });
    const abort = new AbortController();
    const running = rejection(pool.call('spin', [file()], { signal: abort.signal }));
    const behind = [1, 2, 3].map((n) => pool.call('echo', [n]));
    await begun();
    abort.abort();
    const error = await running;
    expect(error).toMatchObject({ code: 'aborted', outcome: 'finished', context: { rung: 'interrupt' } });
    expect(error.message).toContain('It ended after an interrupt.');
    expect(await Promise.all(behind)).toEqual([1, 2, 3]);
  });

  it('S29 abort queued, then running: the third completes', async () => {
    await using pool = await poolFor('stubborn', { size: 1, cancelGraces: patientGraces });
    const [first, second] = [new AbortController(), new AbortController()];
    const one = rejection(pool.call('nap', [file(), 30], { signal: first.signal }));
    const two = rejection(pool.call('nap', [file(), 30], { signal: second.signal }));
    const three = pool.call('echo', ['three']);
    await begun();
    second.abort();
    first.abort();
    expect(await two).toMatchObject({ code: 'aborted', outcome: 'not-started' });
    expect(await one).toMatchObject({ code: 'aborted', outcome: 'finished' });
    expect(await three).toBe('three');
    expect(marks()).toEqual(['begun', 'cleaned up']);
  });

  it('S30 timeout while running: the Python work is ended before the next call, and no late reply reaches one', async () => {
    await using pool = await poolFor('stubborn', { size: 1, cancelGraces: patientGraces });
    const [pid] = pidsOf(pool);
    const timeOut = async (executionTimeoutMs: number) => {
      forget();
      const timedOut = rejection(pool.call('nap', [file(), 600], { executionTimeoutMs }));
      const next = Array.from({ length: 20 }, (_, n) => pool.call('echo', [n]));
      const error = await timedOut;
      const marked = marks();
      return { error, marked, executionTimeoutMs, next: await Promise.all(next) };
    };
    // It has to be asleep by then.
    const { error, marked, executionTimeoutMs, next } = await givenTime(500, timeOut, ({ error }) =>
      / in nap$/.test(error.context.pythonStack?.[0]),
    );
    expect(error).toMatchObject({
      category: 'timeout',
      code: 'execution-timeout',
      outcome: 'finished',
      context: { budgetMs: executionTimeoutMs, rung: 'interrupt' },
    });
    // Where it was, down to the line of the user's file.
    const stack = error.context['pythonStack'] as string[];
    expect(stack[0]).toMatch(/^File ".*stubborn\.py", line \d+ in nap$/);
    expect(error.message).toContain(`\n  ${stack[0]!}`);
    expect(marked).toEqual(['begun', 'cleaned up']);
    expect(next).toEqual([...Array(20).keys()]);
    expect(await pool.call('pid')).toBe(pid);
  });

  it('S31 a call that ignores SIGTERM: the timeout is reported and the process is gone within the graces', async () => {
    const timeOut = async (executionTimeoutMs: number) => {
      await using pool = await poolFor('stubborn', { size: 1, cancelGraces });
      const [pid] = pidsOf(pool);
      const startedAt = performance.now();
      const error = await rejection(pool.call('ignore_the_end', [file()], { executionTimeoutMs }));
      const lateMs = performance.now() - startedAt - executionTimeoutMs;
      const alive = isAlive(pid!);
      if (endedItsProcess(error)) await whole(pool, 1, pid!);
      return { error, pid, alive, inTime: lateMs < 400 + 1_000 };
    };
    // It has to ignore it by then.
    const { error, pid, alive, inTime } = await givenTime(
      300,
      timeOut,
      ({ error, inTime }) => inTime && error.context.rung === 'sigkill',
    );
    expect(error).toMatchObject({
      code: 'execution-timeout',
      outcome: 'unknown',
      context: { pid, rung: 'sigkill' },
    });
    expect(inTime).toBe(true);
    expect(alive).toBe(false);
  });

  it('S31 workers ended for their calls one after another leave for that, and their replacements do not wait', async () => {
    await using pool = await poolFor('stubborn', { size: 1 });
    const left: unknown[] = [];
    pool.on('worker-retiring', ({ reason, error }) => left.push([reason, error?.code]));
    for (let n = 0; n < 5; n += 1) {
      const error = await rejection(pool.call('nap_unless_killed', [file()], { executionTimeoutMs: 1 }));
      expect(error).toMatchObject({ code: 'execution-timeout' });
    }
    const abort = new AbortController();
    const call = rejection(pool.call('nap_unless_killed', [file()], { signal: abort.signal }));
    await until('it runs', () => pool.status().workers.some(({ running }) => running.length > 0));
    const [pid] = pidsOf(pool);
    abort.abort();
    expect(await call).toMatchObject({ code: 'aborted', context: { rung: 'sigkill' } });
    await whole(pool, 1, pid!);
    expect(left).toEqual([
      ...Array.from({ length: 5 }, () => ['timeout', 'execution-timeout']),
      ['aborted', 'aborted'],
    ]);
    // As deaths of young workers they would have brought pauses.
    expect(pool.health().reasons).toEqual([]);
  });

  it.each([
    ['exhaust', 'sigterm', 'unknown', 200],
    ['sleep_in_c', 'sigint', 'finished', 30_000], // any signal ends a sleep, and then Python looks for it
  ])(
    'S32 C code that holds the GIL (%s): killed by the ladder, and the pool is whole again',
    async (name, rung, outcome, sigintMs) => {
      // Which rung ends it is what this asks: a process that a busy machine lets run late must not be met by the next.
      const cancelGraces = { interruptMs: 200, sigintMs, sigtermMs: 30_000 };
      const where = new RegExp(`stubborn\\.py", line \\d+ in ${name}$`);
      const timeOut = async (executionTimeoutMs: number) => {
        await using pool = await poolFor('stubborn', { size: 2, minReady: 2, cancelGraces });
        const error = await rejection(pool.call(name, [file()], { executionTimeoutMs }));
        if (endedItsProcess(error)) await whole(pool, 2, error.context.pid);
        return { error, again: await pool.call('echo', ['again']) };
      };
      // It has to hold it by then, and to find the time to write where it is.
      const { error, again } = await givenTime(500, timeOut, ({ error }) =>
        where.test(error.context.pythonStack?.at(-1)),
      );
      expect(error).toMatchObject({ code: 'execution-timeout', outcome, context: { rung } });
      // C code holds the interpreter, and yet it is known where in Python that is.
      expect(error.context.pythonStack.at(-1)).toMatch(where);
      expect(again).toBe('again');
    },
  );

  it.each(['count', 'count_async'])(
    'S33 the caller of a stream leaves (%s): the clean-up runs once and the worker is free',
    async (name) => {
      await using pool = await poolFor('stubborn', { size: 1 });
      const [pid] = pidsOf(pool);
      for (const items of [1_000_000, 3]) {
        const taken: number[] = [];
        for await (const number of pool.stream<number>(name, [file(), items])) {
          taken.push(number);
          if (taken.length < 3) continue;
          if (items === 3) await until('it sleeps before its next item', () => marks().includes('sleeps'));
          break;
        }
        expect(taken).toEqual([0, 1, 2]);
        expect(await pool.call('pid')).toBe(pid);
      }
      expect(marks()).toEqual(['cleaned up', 'sleeps', 'cleaned up']);
    },
  );
});
