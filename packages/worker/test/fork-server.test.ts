import { pipeTransport } from '@pypool/transport-pipe';
import { createError } from '@pypool/protocol';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import {
  createPythonWorkers,
  forkServer,
  type PythonWorker,
  type PythonWorkers,
  type PythonWorkersOptions,
} from '../src/index.js';
import { resolveEnvironment } from '../src/environment.js';
import { ForkServerProcess } from '../src/fork-server/fork-server-process.js';
import { findPython } from '../src/python/find-python.js';
import type { WorkerExit } from '../src/life/exit.js';
import { fixtureRuntime } from './fixture-runtime.js';
import { descendantsOf, guardiansOf, isAlive, pythonsOf, untilGone, untilStopped } from './processes.js';
import { fixture, leavesNothing, openSockets, rejection } from './worker-for.js';

leavesNothing();

const never = new AbortController().signal;

/** Workers of one module, each started when it is asked for. */
class Home implements AsyncDisposable {
  readonly workers: PythonWorkers;
  readonly output: string[] = [];
  readonly exits: WorkerExit[] = [];
  /** Called when a worker takes no more calls. */
  onUnavailable = (): void => undefined;
  readonly #started: PythonWorker[] = [];
  #latest = 0;

  constructor(module: string, options: Partial<PythonWorkersOptions> = {}) {
    this.workers = createPythonWorkers({ module: fixture(`${module}.py`), launcher: 'fork', ...options });
    this.workers.on('output', ({ workerId, line }) => this.output.push(`${workerId}: ${line}`));
  }

  async start(generation = 0, signal = never): Promise<PythonWorker> {
    const slot = this.#latest++;
    const worker = await this.workers.start(
      { workerId: `w-${slot}`, poolName: 'w', slot, generation },
      {
        onLate: () => undefined,
        onUnavailable: () => this.onUnavailable(),
        onWorn: () => undefined,
        onExit: (exit) => this.exits.push(exit),
      },
      signal,
    );
    this.#started.push(worker);
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((worker) => worker.kill()));
    await this.workers.close();
  }
}

function call(worker: PythonWorker, name: string, ...args: unknown[]): Promise<any> {
  return new Promise((onResult, onError) => {
    worker.run({
      kind: 'call',
      name,
      args,
      meta: undefined,
      executionTimeoutMs: Infinity,
      itemTimeoutMs: Infinity,
      credit: 0,
      onStart: () => undefined,
      onItem: () => undefined,
      onResult,
      onError,
    });
  });
}

function rejected(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
}

describe.skipIf(process.platform !== 'linux')('workers of a fork server', () => {
  it('are forked from one process that imported the module, and have all else to themselves', async () => {
    await using home = new Home('fork_together', {
      threads: 3,
      env: ({ slot }) => ({ set: { SLOT: String(slot), TZ: slot === 0 ? 'AAA1' : 'BBB2' } }),
    });
    const workers = await Promise.all([home.start(), home.start()]);
    const [one, other] = await Promise.all(workers.map((worker) => call(worker, 'tell')));
    expect(one.parent).toBe(other.parent);
    expect([one.importedIn, other.importedIn]).toEqual([one.parent, one.parent]);
    const { pid } = workers[0].facts;
    expect([one.pid, one.session]).toEqual([pid, pid]);
    // The hook before the fork ran once, in the process that imported; the other in each.
    expect([one.shared, other.shared]).toEqual([
      [one.parent, 0],
      [one.parent, 1],
    ]);
    expect([one.slot, one.zone, other.slot, other.zone]).toEqual(['0', 'AAA', '1', 'BBB']);
    // Libraries start no threads in the process that forks; what a worker imports later may.
    expect([one.importedWith, one.threads]).toEqual(['1', '3']);
    expect([one.secret, one.argv]).toEqual([null, ['-c']]);
    expect(one.random).not.toBe(other.random);
    await call(workers[1], 'say', 'hello');
    await workers[1].close({ timeoutMs: 10_000 });
    expect(home.output.filter((line) => line.endsWith('importing'))).toHaveLength(1);
    expect(home.output).toContain('w-1: hello');
    expect(home.exits).toMatchObject([{ reason: 'closed', exitCode: 0 }]);
  });

  it('tell at their end what they took of the machine', async () => {
    await using home = new Home('fork_together');
    const worker = await home.start();
    await call(worker, 'burn', 0.1);
    await worker.kill();
    const [{ rusage, ...exit }] = home.exits as [WorkerExit];
    expect(exit).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
    // Some kernels count by ticks.
    expect(rusage!.userMs + rusage!.systemMs).toBeGreaterThan(50);
    expect(rusage!.maxRssBytes).toBeGreaterThan(1 << 20);
  });

  it('all fail with the traceback where the import raises, and it is tried anew for the next', async () => {
    await using home = new Home('raise_on_import');
    const both = await Promise.all([rejection(home.start()), rejection(home.start())]);
    for (const error of [...both, await rejection(home.start())]) {
      expect(error).toMatchObject({
        code: 'start-failed',
        context: { python: expect.any(String) as string },
      });
      expect(error.message).toContain('raise_on_import.py');
      expect(error.message).not.toContain('fork_server.py');
    }
    expect(home.exits).toEqual([]);
  });

  it('fail with exit code and last words where the import ends the process', async () => {
    await using home = new Home('exit_on_import');
    const error = await rejection(home.start());
    expect(error).toMatchObject({ code: 'start-failed', context: { exitCode: 3 } });
    expect(error.message).toContain('exited with code 3 before it was ready');
  });

  it('fail with where it hangs where the import outlasts the start, and leave no process', async () => {
    await using home = new Home('hang_on_import');
    const abort = new AbortController();
    const late = createError({ code: 'start-timeout', message: 'Not ready.' });
    const imports = new Promise<void>((resolve) => home.workers.on('output', () => resolve()));
    const starting = rejection(home.start(0, abort.signal));
    await imports;
    abort.abort(late);
    const error = await starting;
    expect(error).toMatchObject({ code: 'start-timeout', context: { phase: 'importing' } });
    expect(isAlive(error.context['pid'] as number)).toBe(false);
  });

  it('leave none behind that hangs as it forks, once nobody waits for it', async () => {
    await using home = new Home('hang_at_fork');
    const forks = new Promise<void>((resolve) => home.workers.on('output', () => resolve()));
    const [one, other] = [new AbortController(), new AbortController()];
    const starts = [home.start(0, one.signal), home.start(0, other.signal)].map(rejected);
    await forks;
    const late = createError({ code: 'start-timeout', message: 'Not ready.' });
    const before = pythonsOf(process.pid);
    one.abort(late);
    expect(await starts[0]).toMatchObject({ code: 'start-timeout' });
    expect(pythonsOf(process.pid)).toEqual(before);
    other.abort(late);
    expect(await starts[1]).toMatchObject({ code: 'start-timeout' });
    await untilGone(before.filter((pid) => !guardiansOf(process.pid).includes(pid)));
  });

  it('leave nothing open here at its end, though what the module started on its import still has it', async () => {
    const before = openSockets();
    const home = new Home('leave_on_import');
    const child = (await call(await home.start(), 'child')) as number;
    try {
      await home[Symbol.asyncDispose]();
      await turn();
      expect(openSockets()).toBe(before);
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });

  it('are asked for elsewhere where it died as it reported one, which says nothing against forking', async () => {
    using runtime = fixtureRuntime('fork_and_die');
    const server = await ForkServerProcess.start({
      file: findPython().path,
      runtime: runtime.dir,
      env: resolveEnvironment(),
      cwd: '/',
      user: undefined,
      onLine: () => undefined,
    });
    expect(await server.imported).toMatchObject({ failed: false });
    const forking = server.fork({ args: [], env: {} }, never);
    // In this very turn, so that its report is read when it is dead.
    while (isAlive(server.process.pid));
    expect(await forking).toMatchObject({ type: 'failed' });
    expect(server.isLost).toBe(true);
    await server.ended;
  });

  it('come from a newer one after a reload; the older one ends with its last worker', async () => {
    await using home = new Home('fork_together');
    const old = await home.start(0);
    const { parent: oldServer } = await call(old, 'tell');
    const { parent: newServer } = await call(await home.start(1), 'tell');
    expect(newServer).not.toBe(oldServer);
    expect(isAlive(oldServer as number)).toBe(true);
    await old.close({ timeoutMs: 10_000 });
    await untilGone([oldServer as number]);
    expect((await call(await home.start(1), 'tell')).parent).toBe(newServer);
  });

  it('end with it when it is killed, and what they started with them; the next start makes another', async () => {
    await using home = new Home('fork_together');
    const [one, other] = await Promise.all([home.start(), home.start()]);
    const { parent } = await call(one, 'tell');
    const child = (await call(other, 'start_child')) as number;
    const lost = new Promise((resolve) => home.workers.on('fork-server-lost', resolve));
    process.kill(parent as number, 'SIGKILL');
    const exits = await Promise.all([one, other].map(({ exited }) => exited));
    expect(exits).toMatchObject([{ signal: 'SIGKILL' }, { signal: 'SIGKILL' }]);
    expect(await lost).toEqual({ message: 'The fork server was ended by SIGKILL.', workers: 2 });
    await untilGone([child]);
    expect((await call(await home.start(), 'tell')).parent).not.toBe(parent);
  });

  it('exited as they did, however late it comes to say so', async () => {
    await using home = new Home('fork_together');
    const worker = await home.start();
    const { parent } = await call(worker, 'tell');
    process.kill(parent as number, 'SIGSTOP');
    await untilStopped(parent as number);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const leaves = new Promise<void>((resolve) => (home.onUnavailable = resolve));
      const error = rejection(call(worker, 'leave', 3));
      await leaves; // its channels have ended
      vi.advanceTimersByTime(5_000);
      await turn();
      process.kill(parent as number, 'SIGCONT');
      expect(await error).toMatchObject({ code: 'worker-exited', context: { exitCode: 3, signal: null } });
      expect(home.exits).toMatchObject([{ reason: 'died', exitCode: 3 }]);
    } finally {
      vi.useRealTimers();
      process.kill(parent as number, 'SIGCONT');
    }
  });

  it('have their import go on while another start waits for it, and ended where none does any more', async () => {
    await using home = new Home('hang_on_import');
    const [one, other] = [new AbortController(), new AbortController()];
    const starts = [home.start(0, one.signal), home.start(0, other.signal)].map(rejected);
    await new Promise<void>((resolve) => home.workers.on('output', () => resolve()));
    const before = pythonsOf(process.pid);
    one.abort(new Error('no longer wanted'));
    expect(await starts[0]).toEqual(new Error('no longer wanted'));
    expect(pythonsOf(process.pid)).toEqual(before);
    other.abort(new Error('nor this one'));
    expect(await starts[1]).toEqual(new Error('nor this one'));
    // The guardian stays for the next.
    expect(pythonsOf(process.pid)).toHaveLength(before.length - 1);
  });

  it.skipIf(process.geteuid?.() !== 0)(
    'cannot be of another user, who could not dial; with auto those are started one by one',
    async () => {
      await using home = new Home('fork_together', { uid: 12_345, gid: 12_345 });
      expect(await rejection(home.start())).toMatchObject({
        code: 'invalid-options',
        context: { uid: 12_345 },
      });
      await using other = new Home('fork_together', { launcher: 'auto', uid: 12_345, gid: 12_345 });
      const fallback = await new Promise((resolve) => other.workers.on('launcher-fallback', resolve));
      expect(fallback).toMatchObject({ reasons: ['other-user'] });
    },
  );

  it('cannot use a transport that hands down descriptors', async () => {
    await using home = new Home('fork_together', { transport: pipeTransport() });
    expect(await rejection(home.start())).toMatchObject({
      code: 'invalid-options',
      context: { transport: 'pipe' },
    });
    expect(descendantsOf(process.pid)).toEqual([]);
  });
});

describe.skipIf(process.platform !== 'linux')('a module that asks which worker it is in', () => {
  it('is imported by each worker itself, from the first on', async () => {
    await using home = new Home('ask_on_import', { launcher: 'auto' });
    const workers = await Promise.all([home.start(), home.start()]);
    const told = await Promise.all(workers.map((worker) => call(worker, 'tell')));
    expect(told).toEqual(workers.map(({ facts: { pid } }, slot) => [slot, pid]));
    const fallback = await new Promise((resolve) => home.workers.on('launcher-fallback', resolve));
    expect(fallback).toMatchObject({ reasons: ['current-worker'] });
  });

  it('fails to start where nothing but forking is wanted, with what to do about it', async () => {
    await using home = new Home('ask_on_import');
    const error = await rejection(home.start());
    expect(error).toMatchObject({ code: 'start-failed', context: { hazards: ['current-worker'] } });
    expect(error.message).toContain('Ask for the worker in an on_worker_start hook');
  });
});

describe.skipIf(process.platform !== 'linux')('a module that leaves a thread behind', () => {
  it('is not forked: the process that imported it is the first worker, and others are spawned', async () => {
    await using home = new Home('start_thread', { launcher: 'auto' });
    const [pid, importedIn] = await call(await home.start(), 'tell');
    expect(importedIn).toBe(pid);
    const [otherPid, otherImportedIn] = await call(await home.start(), 'tell');
    expect([otherImportedIn, otherPid === pid]).toEqual([otherPid, false]);
    // It is told once, and to those who could not listen before.
    const fallback = await new Promise((resolve) => home.workers.on('launcher-fallback', resolve));
    expect(fallback).toMatchObject({ reasons: ['python-threads'] });
    expect((fallback as { message: string }).message).toMatch(
      /start_thread\.py.*threads of Python run in it \(poller\)\. Start threads in an on_worker_start hook/,
    );
  });

  it('fails to start where nothing but forking is wanted', async () => {
    await using home = new Home('start_thread');
    for (let tries = 0; tries < 2; tries++) {
      expect(await rejection(home.start())).toMatchObject({
        code: 'start-failed',
        retryable: false,
        context: { hazards: ['python-threads'] },
      });
    }
  });

  it('is forked where that is tolerated', async () => {
    await using home = new Home('start_thread', {
      launcher: forkServer({ tolerate: ['python-threads'], preload: ['decimal'] }),
    });
    const [pid, importedIn] = await call(await home.start(), 'tell');
    expect(importedIn).not.toBe(pid);
  });
});
