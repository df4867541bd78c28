import type { PythonFrame, WorkerDump } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';
import type { LoneWorker } from '../src/index.js';
import { untilStopped } from './processes.js';
import { fixture, leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

const file = fixture('stand_still.py');
const cancelGraces = { interruptMs: 200, sigintMs: 200, sigtermMs: 200 };

/** Call a function and wait until it says that it is about to block. What it ends with is of no interest. */
async function blocked(worker: LoneWorker, name: string): Promise<void> {
  const says = new Promise<void>((resolve) => {
    worker.on('output', ({ line }) => line === 'about to block' && resolve());
  });
  worker.call(name).catch(() => undefined);
  await says;
}

/** Dump until a call has come to where it stands still. */
async function dumpIn(worker: LoneWorker, name: string): Promise<WorkerDump> {
  for (;;) {
    const dump = await worker.dump();
    if (dump.calls[0]?.frames.some((frame) => frame.function === name) === true) return dump;
  }
}

const namesOf = (frames: readonly PythonFrame[]): string[] => frames.map((frame) => frame.function);

describe('a worker that is asked where it is', () => {
  it('tells its calls with what they are and where, and its threads', async () => {
    await using worker = await workerFor('stand_still');
    const before = Date.now();
    await blocked(worker, 'nap');
    const dump = await dumpIn(worker, 'deeper');
    expect(dump).toMatchObject({ workerId: worker.name, pid: worker.pid, how: 'asked', tasks: undefined });
    expect(dump.calls).toMatchObject([{ id: 1, kind: 'call', name: 'nap' }]);
    expect(Math.abs(dump.calls[0]!.since - before)).toBeLessThan(60_000);
    const [innermost, outer] = dump.calls[0]!.frames;
    expect(innermost).toMatchObject({ file, function: 'deeper', code: 'time.sleep(600)' });
    expect(outer).toMatchObject({ file, function: 'nap', code: 'deeper()' });
    expect(dump.threads).toMatchObject([{ name: 'MainThread', main: true }]);
    expect(namesOf(dump.threads[0]!.frames).slice(0, 2)).toEqual(['deeper', 'nap']);
    await worker.kill();
  });

  it('tells its tasks where a loop runs them', async () => {
    await using worker = await workerFor('stand_still');
    await blocked(worker, 'nap_async');
    const dump = await dumpIn(worker, 'sleep');
    expect(namesOf(dump.calls[0]!.frames)).toEqual(['sleep', 'nap_async']);
    expect(dump.tasks?.map(({ frames }) => namesOf(frames))).toEqual([['sleep', 'nap_async']]);
    await worker.kill();
  });

  it('tells every call of several', async () => {
    await using worker = await workerFor('stand_still', { engine: 'threads', concurrency: 2 });
    worker.call('nap').catch(() => undefined);
    worker.call('nap').catch(() => undefined);
    let dump = await worker.dump();
    const arrived = ({ frames }: { frames: readonly PythonFrame[] }): boolean =>
      namesOf(frames)[0] === 'deeper';
    while (dump.calls.length < 2 || !dump.calls.every(arrived)) dump = await worker.dump();
    expect(dump.calls.map(({ id, name }) => [id, name])).toEqual([
      [1, 'nap'],
      [2, 'nap'],
    ]);
    await worker.kill();
  });

  it('has its stacks written where C code holds the interpreter, and they are no output of its', async () => {
    await using worker = await workerFor('stand_still');
    const lines: string[] = [];
    worker.on('output', ({ line }) => lines.push(line));
    await blocked(worker, 'read_with_the_gil');
    const [dump, another] = await Promise.all([worker.dump(), worker.dump()]);
    for (const { how, tasks, calls, threads } of [dump, another]) {
      expect([how, tasks]).toEqual(['signalled', undefined]);
      expect(calls).toMatchObject([{ id: 1, name: 'read_with_the_gil' }]);
      expect(calls[0]!.frames).toMatchObject([{ file, function: 'read_with_the_gil', code: undefined }]);
      expect(threads.filter(({ main }) => main)).toHaveLength(1);
      expect(threads.at(-1)!.frames.at(-1)!.function).toBe('<module>');
    }
    // It goes on, and can be asked again.
    expect((await worker.dump()).how).toBe('signalled');
    expect(lines).toEqual(['about to block']);
    const exit = await worker.kill();
    expect(exit.error?.context['stderr']).toEqual(['about to block']);
  });

  it.skipIf(process.platform !== 'linux')('says that it is stopped rather than wait', async () => {
    await using worker = await workerFor('stand_still');
    process.kill(worker.pid, 'SIGSTOP');
    await untilStopped(worker.pid);
    expect(await rejection(worker.dump())).toMatchObject({
      code: 'worker-unresponsive',
      message: expect.stringContaining('is stopped') as string,
      context: { workerId: worker.name, pid: worker.pid, stopped: true },
    });
    process.kill(worker.pid, 'SIGCONT');
    expect((await worker.dump()).calls).toEqual([]);
  });

  it('rejects where it dies meanwhile, and afterwards', async () => {
    await using worker = await workerFor('stand_still');
    await blocked(worker, 'exhaust');
    const dump = rejection(worker.dump());
    process.kill(worker.pid, 'SIGKILL');
    expect(await dump).toMatchObject({ code: 'worker-exited', context: { workerId: worker.name } });
    expect(await rejection(worker.dump())).toMatchObject({ code: 'worker-exited' });
  });
});

describe('a call whose time is over', () => {
  it.each([
    ['nap', 'deeper', 'interrupt', 'finished'],
    ['nap_async', 'nap_async', 'interrupt', 'finished'],
    ['be_killed', 'deeper', 'sigkill', 'unknown'],
    ['exhaust', 'with_the_gil', 'sigterm', 'unknown'],
    ['exhaust_and_be_killed', 'with_the_gil', 'sigkill', 'unknown'],
  ])('says of %s where it was', async (name, where, rung, outcome) => {
    await using worker = await workerFor('stand_still', { cancelGraces });
    const lines: string[] = [];
    worker.on('output', ({ line }) => lines.push(line));
    const error = await rejection(worker.call(name, [], { executionTimeoutMs: 500 }));
    expect(error).toMatchObject({ code: 'execution-timeout', outcome, context: { rung } });
    const stack = error.context['pythonStack'] as string[];
    expect(stack.join('\n')).toMatch(new RegExp(`^File "${file}", line \\d+ in ${where}$`, 'm'));
    expect(stack.at(-1)).toMatch(new RegExp(`^File "${file}", line \\d+ in ${name}$`));
    expect(error.message).toContain(`(most recent call first):\n  ${stack[0]!}\n`);
    expect(JSON.stringify(error)).not.toContain(file);
    expect(lines).toEqual(['about to block']);
  });

  it('says of a stream where its next item is', async () => {
    await using worker = await workerFor('stand_still');
    const stream = worker.stream<number>('yield_then_nap', [2], { itemTimeoutMs: 300 });
    const error = await rejection(
      (async () => {
        for await (const item of stream) expect(item).toBeLessThan(2);
      })(),
    );
    expect(error).toMatchObject({ code: 'item-timeout', context: { rung: 'interrupt' } });
    expect((error.context['pythonStack'] as string[]).map((line) => line.split(' in ').at(-1))).toEqual([
      'deeper',
      'yield_then_nap',
    ]);
  });

  it('has no stack where it is aborted', async () => {
    await using worker = await workerFor('stand_still');
    const abort = new AbortController();
    worker.on('output', () => abort.abort());
    const error = await rejection(worker.call('nap', [], { signal: abort.signal }));
    expect(error.code).toBe('aborted');
    expect(error.context).not.toHaveProperty('pythonStack');
  });
});
