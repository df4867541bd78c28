import { describe, expect, it } from 'vitest';
import { givenTime } from '../../../tools/test/given-time.js';
import type { LoneWorker } from '../src/index.js';
import { leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

/** Short, for rungs that do nothing; the one that ends a call is given all the time that a busy machine takes for it. */
const SHORT_MS = 200;
const LONG_MS = 30_000;
const endedBy = {
  interrupt: { cancelGraces: { interruptMs: LONG_MS } },
  sigint: { cancelGraces: { interruptMs: SHORT_MS, sigintMs: LONG_MS } },
  sigterm: { cancelGraces: { interruptMs: SHORT_MS, sigintMs: SHORT_MS, sigtermMs: LONG_MS } },
  sigkill: { cancelGraces: { interruptMs: SHORT_MS, sigintMs: SHORT_MS, sigtermMs: SHORT_MS } },
};

/** Call a function and abort it when it says that it is about to block. */
async function abortOf(worker: LoneWorker, name: string): Promise<Awaited<ReturnType<typeof rejection>>> {
  const abort = new AbortController();
  const onOutput = (): void => abort.abort(new Error('no longer wanted'));
  worker.on('output', onOutput);
  const error = await rejection(worker.call(name, [], { signal: abort.signal }));
  worker.off('output', onOutput);
  expect(error).toMatchObject({
    code: 'aborted',
    name: 'AbortError',
    cause: { message: 'no longer wanted' },
    context: { function: name },
  });
  return error;
}

describe('a call that is aborted', () => {
  it.each(['nap', 'nap_async', 'spin'])(
    'ends where it is in %s, its finally run; the process serves on',
    async (name) => {
      await using worker = await workerFor('end_late', endedBy.interrupt);
      const pid = await worker.call('pid');
      const error = await abortOf(worker, name);
      expect(error).toMatchObject({ outcome: 'finished', context: { rung: 'interrupt' } });
      expect(error.message).toContain('after an interrupt');
      expect(await worker.call('tell')).toEqual([name]);
      expect(await worker.call('pid')).toBe(pid);
    },
  );

  it('finishes what it shields', async () => {
    await using worker = await workerFor('end_late', endedBy.interrupt);
    expect(await abortOf(worker, 'commit')).toMatchObject({ context: { rung: 'interrupt' } });
    expect(await worker.call('tell')).toEqual(['committed']);
  });

  it('ends itself where it asked for that', async () => {
    await using worker = await workerFor('end_late', endedBy.interrupt);
    const pid = await worker.call('pid');
    expect(await abortOf(worker, 'ask')).toMatchObject({
      outcome: 'finished',
      context: { rung: 'interrupt' },
    });
    expect(await worker.call('pid')).toBe(pid);
  });

  it('takes its process with it where it asked for that', async () => {
    await using worker = await workerFor('end_late');
    expect(await abortOf(worker, 'be_killed')).toMatchObject({
      outcome: 'unknown',
      context: { rung: 'sigkill' },
    });
    expect(await worker.exited).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
  });

  it('ends with SIGINT in C code that looks for signals, and its worker is used no more', async () => {
    await using worker = await workerFor('end_late', endedBy.sigint);
    expect(await abortOf(worker, 'match')).toMatchObject({
      outcome: 'finished',
      context: { rung: 'sigint' },
    });
    expect(await worker.exited).toMatchObject({ reason: 'killed' });
  });

  it('ends with SIGTERM in C code that does not', async () => {
    await using worker = await workerFor('end_late', endedBy.sigterm);
    expect(await abortOf(worker, 'exhaust')).toMatchObject({
      outcome: 'unknown',
      context: { rung: 'sigterm' },
    });
    expect(await worker.exited).toMatchObject({ reason: 'killed', signal: 'SIGTERM' });
  });

  it('ends with SIGKILL where it ignores the rest', async () => {
    await using worker = await workerFor('end_late', endedBy.sigkill);
    expect(await abortOf(worker, 'exhaust_deaf')).toMatchObject({
      outcome: 'unknown',
      context: { rung: 'sigkill' },
    });
    expect(await worker.exited).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
  });
});

describe('a call that runs over its budget', () => {
  it('ends in the same way', async () => {
    await using worker = await workerFor('end_late', endedBy.interrupt);
    const pid = await worker.call('pid');
    const timeOut = async (executionTimeoutMs: number) => {
      const error = await rejection(worker.call('nap', [], { executionTimeoutMs }));
      return { error, executionTimeoutMs, told: await worker.call<string[]>('tell') };
    };
    // It has to have begun by then.
    const { error, executionTimeoutMs, told } = await givenTime(100, timeOut, ({ told }) => told.length > 0);
    expect(error).toMatchObject({
      code: 'execution-timeout',
      outcome: 'finished',
      context: { function: 'nap', budgetMs: executionTimeoutMs, rung: 'interrupt' },
    });
    expect(told).toEqual(['nap']);
    expect(await worker.call('pid')).toBe(pid);
  });
});

describe('a stream that is left', () => {
  it.each(['yield_then_nap', 'yield_then_nap_async'])(
    'ends where it is in %s, cleaned up once',
    async (name) => {
      await using worker = await workerFor('end_late', endedBy.interrupt);
      const pid = await worker.call('pid');
      for await (const item of worker.stream<number>(name, [3])) if (item === 2) break;
      expect(await worker.call('tell')).toEqual(['closed']);
      expect(await worker.call('pid')).toBe(pid);
    },
  );
});
