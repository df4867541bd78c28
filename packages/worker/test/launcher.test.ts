import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createMemoryTransport, type Transport } from '@pypool/transport';
import { pipeTransport } from '@pypool/transport-pipe';
import { describe, expect, it } from 'vitest';
import { TOO_OLD_EXIT_CODE, guardianArgs, runtimeArgs } from '../src/launcher/bootstrap.js';
import type { LaunchRequest, WorkerLauncher } from '../src/launcher/contract.js';
import { spawnLauncher, type SpawnLauncherOptions } from '../src/launcher/spawn-launcher.js';
import { spawnProcess } from '../src/launcher/spawn-process.js';
import { resolveEnvironment } from '../src/environment.js';
import { findPython } from '../src/python/find-python.js';
import { fixtureRuntime } from './fixture-runtime.js';
import { descendantsOf, isAlive, untilGone } from './processes.js';

const never = new AbortController().signal;

function request(overrides: Partial<LaunchRequest> = {}): LaunchRequest {
  return {
    workerId: 'test-0',
    slot: 0,
    transport: pipeTransport(),
    env: resolveEnvironment(),
    cwd: process.cwd(),
    ...overrides,
  };
}

/** A launcher of workers that behave as a fixture does; everything it started is gone when it is disposed. */
function launcherOf(
  behaviour: string,
  options: SpawnLauncherOptions = {},
): AsyncDisposable & { readonly launcher: WorkerLauncher } {
  const runtime = fixtureRuntime(behaviour);
  const launcher = spawnLauncher({ runtimeDir: runtime.dir, ...options });
  return {
    launcher,
    async [Symbol.asyncDispose]() {
      await launcher.close();
      runtime[Symbol.dispose]();
      await untilGone(descendantsOf(process.pid));
    },
  };
}

describe('spawnLauncher', () => {
  it('starts the runtime with the given environment and folder, in a session of its own', async () => {
    await using home = launcherOf('talk');
    const env = { PATH: process.env['PATH'] ?? '', GREETING: 'grüße' };
    const worker = await home.launcher.launch(request({ env, cwd: '/' }), never);
    const [stdout, stderr, exit] = await Promise.all([
      text(worker.stdout),
      text(worker.stderr),
      worker.exited,
    ]);

    const facts = JSON.parse(stdout) as Record<string, unknown>;
    expect(facts).toMatchObject({
      argv: ['--channels', 'fd:3,4,5'],
      cwd: '/',
      env: { GREETING: 'grüße' },
      stdin: '',
      pid: worker.pid,
      session: worker.pid,
      group: worker.pid,
    });
    expect(facts['env']).not.toHaveProperty('HOME');
    expect(facts['path']).not.toContain('');
    expect(stderr).toBe('to stderr\n');
    expect(exit).toEqual({ exitCode: 0, signal: undefined });
  });

  it('adds what the transport wants in the environment, over what was given', async () => {
    await using home = launcherOf('talk');
    const pipes = pipeTransport();
    const transport: Transport = {
      ...pipes,
      offer: async (signal) => ({ ...(await pipes.offer(signal)), env: { SECRET: 'of the offer' } }),
    };
    const env = { PATH: process.env['PATH'] ?? '', SECRET: 'mine', GREETING: 'hello' };
    const worker = await home.launcher.launch(request({ env, transport }), never);
    const [stdout] = await Promise.all([text(worker.stdout), worker.exited]);
    expect(JSON.parse(stdout)).toMatchObject({ env: { SECRET: 'of the offer', GREETING: 'hello' } });
    worker.connection.destroy();
  });

  it('ends a group by signal and is silent to signals after the exit', async () => {
    await using home = launcherOf('sleep_forever');
    const worker = await home.launcher.launch(request(), never);
    await once(worker.stdout, 'data');
    worker.signal('SIGTERM');
    expect(await worker.exited).toEqual({ exitCode: undefined, signal: 'SIGTERM' });
    worker.signal('SIGKILL');
    worker.connection.destroy();
  });

  it('ends what a worker left behind when it exits', async () => {
    await using home = launcherOf('leave_grandchild');
    const worker = await home.launcher.launch(request(), never);
    const [line] = (await once(worker.stdout, 'data')) as [Buffer];
    const grandchild = Number(line.toString());
    expect(isAlive(grandchild)).toBe(true);
    worker.connection.requests.end();
    expect(await worker.exited).toEqual({ exitCode: 3, signal: undefined });
    await untilGone([grandchild]);
    worker.connection.destroy();
  });

  it('keeps what the process says before anybody listens', async () => {
    await using home = launcherOf('say_and_exit');
    const worker = await home.launcher.launch(request(), never);
    expect(await worker.exited).toEqual({ exitCode: 7, signal: undefined });
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    const error = await new Promise<{ code: string } | undefined>((resolve) => {
      const control = { onFrame: () => undefined, onEnd: () => undefined };
      worker.connection.listen({ replies: { onFrame: () => undefined, onEnd: resolve }, control });
    });
    // "early bytes" are not a frame, and they were not lost.
    expect(error?.code).toBe('protocol');
    worker.connection.destroy();
  });

  it('says which interpreter did not start', async () => {
    await using home = launcherOf('sleep_forever', { guardian: false });
    await expect(home.launcher.launch(request({ cwd: '/no/such/folder' }), never)).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringContaining('/no/such/folder') as string,
    });
    expect(() => spawnLauncher({ python: '/no/such/python' })).toThrow(
      expect.objectContaining({
        code: 'invalid-options',
        message: expect.stringContaining('/no/such/python') as string,
      }) as Error,
    );
    const command = { args: [], env: {}, cwd: '/', stdin: false, pipes: 3 };
    await expect(spawnProcess({ ...command, file: '/no/such/python' })).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringMatching(/\/no\/such\/python does not exist.*PYPOOL_PYTHON/) as string,
      context: { errno: 'ENOENT' },
    });
    await expect(spawnProcess({ ...command, file: '/etc/passwd' })).rejects.toMatchObject({
      code: 'start-failed',
      context: { errno: 'EACCES' },
    });
  });

  it('refuses unknown options', () => {
    expect(() => spawnLauncher({ pyhton: 'x' } as SpawnLauncherOptions)).toThrow(
      expect.objectContaining({ code: 'invalid-options' }) as Error,
    );
  });

  it('leaves nothing of a launch that is aborted at any point', async () => {
    await using home = launcherOf('sleep_forever');
    const reason = new Error('no longer wanted');
    await expect(home.launcher.launch(request(), AbortSignal.abort(reason))).rejects.toBe(reason);

    const aborted = new AbortController();
    const launching = home.launcher.launch(request(), aborted.signal);
    aborted.abort(reason);
    await expect(launching).rejects.toBe(reason);

    const late = new AbortController();
    const transport = abortingTransport(() => late.abort(reason));
    await expect(home.launcher.launch(request({ transport }), late.signal)).rejects.toBe(reason);
  });

  it('tells of a process that exits before it is connected as of one that exits right after', async () => {
    await using home = launcherOf('talk');
    const worker = await home.launcher.launch(request({ transport: deafTransport() }), never);
    expect(await worker.exited).toEqual({ exitCode: 0, signal: undefined });
    expect(await text(worker.stderr)).toBe('to stderr\n');
    const ends = await new Promise<unknown[]>((resolve) => {
      const heard: unknown[] = [];
      const channel = {
        onFrame: () => undefined,
        onEnd: (error: unknown) => void (heard.push(error) === 2 && resolve(heard)),
      };
      worker.connection.listen({ replies: channel, control: channel });
    });
    expect(ends).toEqual([undefined, undefined]);
    worker.connection.destroy();
  });

  it('refuses a transport that workers of another user could not reach', async () => {
    await using home = launcherOf('talk');
    const pipes = pipeTransport();
    const transport: Transport = {
      ...pipes,
      offer: async (signal) => ({ ...(await pipes.offer(signal)), sameUser: true }),
    };
    const uid = 60_000 + (process.geteuid?.() ?? 0);
    await expect(home.launcher.launch(request({ transport, user: { uid } }), never)).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining('the option uid') as string,
    });
  });

  it('launches nothing after it was closed', async () => {
    await using home = launcherOf('sleep_forever');
    await home.launcher.close();
    await home.launcher.close();
    await expect(home.launcher.launch(request(), never)).rejects.toMatchObject({ code: 'start-failed' });
  });
});

describe('the bootstrap', () => {
  // The program of `-c`, made to believe in an old version before its own first line.
  async function runAs(
    version: string,
    args: readonly string[],
  ): Promise<{ exitCode: number | undefined; stderr: string }> {
    const patched = args.map((arg) =>
      arg.includes('\n') ? `import sys\nsys.version_info = ${version}\n${arg}` : arg,
    );
    const env = resolveEnvironment();
    const run = await spawnProcess({
      file: findPython().path,
      args: patched,
      env,
      cwd: '/',
      stdin: false,
      pipes: 0,
    });
    const [stderr, { exitCode }] = await Promise.all([text(run.stderr), run.exited, text(run.stdout)]);
    return { exitCode, stderr };
  }

  it.each([
    ['runtime', runtimeArgs('/no/such/runtime', [])],
    ['guardian', guardianArgs('/no/such/guardian.py')],
  ])('of the %s says in one line that a Python is too old', async (_what, args) => {
    const { exitCode, stderr } = await runAs('(3, 8, 19)', args);
    expect(exitCode).toBe(TOO_OLD_EXIT_CODE);
    expect(stderr).toMatch(/^pypool needs Python 3\.9 or newer; \S+ is Python \S+\n$/);
  });

  it('finds a runtime in a folder with any name', async () => {
    const { stderr } = await runAs('(3, 9)', guardianArgs('/no/such/"ü☃🐍\\\'/guardian.py'));
    expect(stderr).toContain('No such file or directory');
    expect(stderr).toContain('ü☃🐍');
  });
});

/** Pipes, of which the second step of the connection aborts the launch. */
function abortingTransport(abort: () => void): Transport {
  const pipe = pipeTransport();
  return {
    ...pipe,
    async offer(signal) {
      const offer = await pipe.offer(signal);
      return {
        ...offer,
        accept(pipes, acceptSignal) {
          abort();
          return offer.accept(pipes, acceptSignal);
        },
      };
    },
  };
}

/** A transport whose worker never dials. */
function deafTransport(): Transport {
  return {
    ...createMemoryTransport({ onRuntime: () => undefined }),
    offer: () =>
      Promise.resolve({
        pipes: 0,
        args: [],
        accept: (_pipes, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error));
          }),
        withdraw: () => undefined,
      }),
  };
}
