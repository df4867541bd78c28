import type { PythonFrame, WorkerDump } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';
import { givenTime } from '../../../tools/test/given-time.js';
import type { LoneWorker } from '../src/index.js';
import { untilStopped } from './processes.js';
import { fixture, leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

const file = fixture('stand_still.py');

/** Call a function and wait until it says that it is about to block. What it ends with is of no interest. */
async function blocked(worker: LoneWorker, name: string): Promise<void> {
  const says = new Promise<void>((resolve) => {
    worker.on('output', ({ line }) => line === 'about to block' && resolve());
  });
  worker.call(name).catch(() => undefined);
  await says;
}

/** Dump until a call has come to where it stands still: the line there, for at its first one it is inside of the function, too. */
async function dumpAt(worker: LoneWorker, name: string, code: RegExp): Promise<WorkerDump> {
  for (;;) {
    const dump = await worker.dump();
    const innermost = dump.calls[0]?.frames[0];
    if (innermost?.function === name && code.test(innermost.code ?? '')) return dump;
  }
}

const namesOf = (frames: readonly PythonFrame[]): string[] => frames.map((frame) => frame.function);

describe('a worker that is asked where it is', () => {
  it('tells its calls with what they are and where, and its threads', async () => {
    await using worker = await workerFor('stand_still');
    const before = Date.now();
    await blocked(worker, 'nap');
    const dump = await dumpAt(worker, 'deeper', /^time\.sleep/);
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
    const dump = await dumpAt(worker, 'sleep', /^return await future/);
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
    const interruptMs = rung === 'interrupt' ? 30_000 : 200;
    const cancelGraces = { interruptMs, sigintMs: 200, sigtermMs: 30_000 };
    const at = new RegExp(`^File "${file}", line \\d+ in ${where}$`, 'm');
    const timeOut = async (executionTimeoutMs: number) => {
      await using worker = await workerFor('stand_still', { cancelGraces });
      const lines: string[] = [];
      worker.on('output', ({ line }) => lines.push(line));
      const error = await rejection(worker.call(name, [], { executionTimeoutMs }));
      const stack = (error.context['pythonStack'] ?? []) as string[];
      await worker.kill(); // all that it has printed is read by then
      return { error, stack, lines };
    };
    // It has to be there by then, and to find the time to write it.
    const { error, stack, lines } = await givenTime(400, timeOut, ({ stack }) => at.test(stack.join('\n')));
    expect(error).toMatchObject({ code: 'execution-timeout', outcome, context: { rung } });
    expect(stack.join('\n')).toMatch(at);
    expect(stack.at(-1)).toMatch(new RegExp(`^File "${file}", line \\d+ in ${name}$`));
    expect(error.message).toContain(`(most recent call first):\n  ${stack[0]!}\n`);
    expect(JSON.stringify(error)).not.toContain(file);
    expect(lines).toEqual(['about to block']);
  });

  it('says of a stream where its next item is', async () => {
    const read = async (itemTimeoutMs: number) => {
      await using worker = await workerFor('stand_still', { cancelGraces: { interruptMs: 30_000 } });
      const seen: number[] = [];
      const readAll = async (): Promise<void> => {
        for await (const item of worker.stream<number>('yield_then_nap', [2], { itemTimeoutMs }))
          seen.push(item);
      };
      const error = await rejection(readAll());
      const stack = (error.context['pythonStack'] ?? []) as string[];
      return { error, seen, where: stack.map((line) => line.split(' in ').at(-1)) };
    };
    // Two have to come in time, and the third has to be waited for.
    const { error, seen, where } = await givenTime(300, read, ({ where }) => where[0] === 'deeper');
    expect(seen).toEqual([0, 1]);
    expect(error).toMatchObject({ code: 'item-timeout', context: { rung: 'interrupt' } });
    expect(where).toEqual(['deeper', 'yield_then_nap']);
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
