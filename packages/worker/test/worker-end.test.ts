import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { OutputEvent } from '../src/index.js';
import { isAlive, untilGone } from './processes.js';
import { fixture, leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

describe('a worker that dies under a call', () => {
  it.each([
    ['segfault', [], { signal: 'SIGSEGV', exitCode: null }, /SIGSEGV under the call of segfault/],
    ['kill_itself', [], { signal: 'SIGKILL', exitCode: null }, /SIGKILL under the call of kill_itself/],
    ['exit_at_once', [5], { signal: null, exitCode: 5 }, /exited with code 5 under the call/],
    ['close_its_channels_and_exit', [3], { signal: null, exitCode: 3 }, /exited with code 3 under the call/],
    ['fork_and_die', [], { signal: null, exitCode: 9 }, /exited with code 9 under the call/],
  ])('by %s fails it with how it ended', async (name, args, context, message) => {
    await using worker = await workerFor('end_in_calls');
    const [call, behind] = [rejection(worker.call(name, args)), rejection(worker.call('fail', ['x']))];
    const error = await call;
    expect(error).toMatchObject({
      code: 'worker-exited',
      outcome: 'unknown',
      message: expect.stringMatching(message) as string,
      context: { ...context, pid: worker.pid, function: name },
    });
    expect(await behind).toMatchObject({ code: 'worker-exited', outcome: 'not-started' });
    expect(await worker.exited).toMatchObject({ reason: 'died' });
    expect(await rejection(worker.call('fail', ['x']))).toMatchObject({ outcome: 'not-started' });
  });

  it('by a segfault tells where in Python that was', async () => {
    await using worker = await workerFor('end_in_calls');
    worker.on('output', () => undefined);
    const error = await rejection(worker.call('segfault'));
    const stderr = (error.context['stderr'] as string[]).join('\n');
    expect(stderr).toContain('Fatal Python error: Segmentation fault');
    expect(stderr).toMatch(/end_in_calls\.py", line \d+ in segfault/);
    expect(error.message).toContain('in segfault');
    expect(JSON.stringify(error)).not.toContain('object Object');
  });

  it.each(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL'])(
    'by %s has the Python stack of the thread that crashed, however much the others say',
    async (signal) => {
      await using worker = await workerFor('end_in_calls');
      worker.on('output', () => undefined);
      const error = await rejection(worker.call('crash_by', [signal, 3]));
      expect(error.context).toMatchObject({ signal });
      const [innermost] = error.context['pythonStack'] as string[];
      expect(innermost).toMatch(/^File ".*end_in_calls\.py", line \d+ in crash_by$/);
      expect(error.message).toContain(innermost);
      expect(JSON.stringify(error)).not.toContain('in crash_by');
    },
  );

  it('after the module has switched faulthandler off has no stack', async () => {
    await using worker = await workerFor('end_in_calls');
    const error = await rejection(worker.call('crash_unseen_by_faulthandler'));
    expect(error.context).toMatchObject({ signal: 'SIGSEGV' });
    expect(error.context).not.toHaveProperty('pythonStack');
  });

  it('by a signal from outside, while it stands idle', async () => {
    await using worker = await workerFor('echo');
    process.kill(worker.pid, 'SIGTERM');
    expect(await worker.exited).toMatchObject({ reason: 'died', signal: 'SIGTERM' });
    expect(await rejection(worker.call('echo', [1]))).toMatchObject({ outcome: 'not-started' });
  });

  it('deaf but alive is ended', async () => {
    await using worker = await workerFor('end_in_calls');
    const error = await rejection(worker.call('close_its_channels_and_go_on'));
    expect(error).toMatchObject({
      outcome: 'unknown',
      message: expect.stringContaining('channel') as string,
    });
    expect(await worker.exited).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
  });
});

describe('what a worker prints', () => {
  it('arrives as lines, from the import on, with control sequences taken out', async () => {
    const lines: OutputEvent[] = [];
    await using worker = await workerFor('flood_output');
    worker.on('output', (line) => lines.push(line));
    await worker.call('colours');
    await worker.close();
    expect(lines.filter(({ stream }) => stream === 'stdout').map(({ line }) => line)).toEqual([
      '\uFFFD\uFFFD bytes at import, no line end',
      'red bell\ttab',
    ]);
    expect(lines.filter(({ stream }) => stream === 'stderr')).toEqual([
      {
        workerId: 'python',
        stream: 'stderr',
        line: 'second',
        truncated: false,
        callId: 1,
        function: 'colours',
        sessionId: null,
      },
    ]);
  });

  it('in floods holds up no call, and no memory', async () => {
    await using worker = await workerFor('flood_output');
    const before = process.memoryUsage.rss();
    let bytes = 0;
    let longest = 0;
    worker.on('output', ({ line }) => {
      bytes += line.length;
      longest = Math.max(longest, line.length);
    });
    expect(await worker.call('flood', [40])).toBe('flooded');
    expect(await worker.call('endless_line', [40])).toBe('written');
    await worker.close();
    expect(bytes).toBeGreaterThan(79 * 1024 * 1024);
    expect(longest).toBeLessThanOrEqual(16_384);
    expect(process.memoryUsage.rss() - before).toBeLessThan(300 * 1024 * 1024);
  });
});

describe('closing', () => {
  it('lets running and waiting calls finish, runs the stop hooks, and leaves nothing', async () => {
    const lines: string[] = [];
    const worker = await workerFor('hang_at_exit');
    worker.on('output', ({ line }) => lines.push(line));
    expect(await worker.close()).toEqual({
      reason: 'closed',
      exitCode: 0,
      signal: undefined,
      error: undefined,
    });
    expect(lines).toEqual(['stopping']);
    expect(isAlive(worker.pid)).toBe(false);
  });

  it('finishes calls that run and wait', async () => {
    await using worker = await workerFor('echo');
    const calls = [1, 2, 3].map((n) => worker.call('nap', [0.05, n]));
    const closed = worker.close();
    expect(await rejection(worker.call('echo', [1]))).toMatchObject({ code: 'worker-exited' });
    expect(await Promise.all(calls)).toEqual([1, 2, 3]);
    expect(await closed).toMatchObject({ reason: 'closed' });
  });

  it('ends what does not stop in time', async () => {
    const worker = await workerFor('hang_at_exit');
    await worker.call('never_stop');
    expect(await worker.close({ timeoutMs: 300 })).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
  });

  it('takes what handlers have started with it, stubborn as it may be', async () => {
    const worker = await workerFor('end_in_calls');
    const grandchildren = await worker.call<number[]>('start_grandchildren');
    expect(grandchildren.map(isAlive)).toEqual([true, true]);
    await worker.close();
    await untilGone(grandchildren);
  });

  it('by force ends a call that nothing else would', async () => {
    const worker = await workerFor('end_in_calls');
    const grandchildren = await worker.call<number[]>('start_grandchildren');
    const call = rejection(worker.call('hold_the_gil'));
    await worker.kill();
    expect(await call).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    await untilGone(grandchildren);
  });

  it('while a stream is open waits for its end, and no longer than its time', async () => {
    const worker = await workerFor('yield_items');
    const stream = worker.stream<number>('count', [100]);
    const closed = worker.close();
    const seen: number[] = [];
    for await (const item of stream) seen.push(item);
    expect(seen).toHaveLength(100);
    expect(await closed).toMatchObject({ reason: 'closed' });

    const other = await workerFor('yield_items');
    const unread = other.stream('count', [1_000]);
    expect(await other.close({ timeoutMs: 300 })).toMatchObject({ reason: 'killed' });
    let items = 0;
    const read = async (): Promise<void> => {
      for await (const _ of unread) items += 1;
    };
    expect(await rejection(read())).toMatchObject({ code: 'worker-exited' });
    expect(items).toBeLessThanOrEqual(64);
  });
});

describe('Node', () => {
  /** Run a program of `fixtures/hosts` with a module. */
  function host(program: string, module: string): ReturnType<typeof spawn> {
    const file = fileURLToPath(new URL(`fixtures/hosts/${program}.ts`, import.meta.url));
    const args = ['--import', 'tsx', '--conditions=@pypool/source', file, fixture(`${module}.py`)];
    return spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  }

  it.each([
    [
      'stays for a call that nobody awaits, and leaves a worker that nobody closed',
      'forget_to_close',
      'answered',
    ],
    ['stays for a close that nobody awaits', 'close_unawaited', 'closed'],
  ])('%s', async (_title, program, said) => {
    const child = host(program, 'echo');
    child.stdin?.end();
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'exit') as Promise<[number]>,
    ]);
    const [pid, answer] = stdout.split('\n');
    expect(stderr).toBe('');
    expect([answer, exitCode]).toEqual([said, 0]);
    await untilGone([Number(pid?.replace('pid ', ''))]);
  });

  it('survives that nobody reads what it prints for a worker', async () => {
    const child = host('print_to_nobody', 'flood_output');
    child.stderr?.destroy();
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const line = async (): Promise<string | undefined> => (await lines.next()).value as string | undefined;
    const exited = once(child, 'exit');
    expect(await line()).toMatch(/^pid \d+/);
    child.stdin?.end('go on\n');
    expect(await line()).toBe('flooded');
    expect(await line()).toBe('closed');
    expect(await exited).toEqual([0, null]);
  });
});
