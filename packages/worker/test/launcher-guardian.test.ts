import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setImmediate as turn } from 'node:timers/promises';
import { pipeTransport } from '@pypool/transport-pipe';
import { socketTransport } from '@pypool/transport-socket';
import { describe, expect, it } from 'vitest';
import { resolveEnvironment } from '../src/environment.js';
import { forkServer } from '../src/fork-server/fork-server.js';
import type { LaunchRequest, WorkerLauncher } from '../src/launcher/contract.js';
import { spawnLauncher } from '../src/launcher/spawn-launcher.js';
import type { GuardianLoss } from '../src/launcher/guardian.js';
import { fixtureRuntime } from './fixture-runtime.js';
import { descendantsOf, guardiansOf, isAlive, pythonsOf, untilGone } from './processes.js';

const HOST = fileURLToPath(new URL('fixtures/launcher/host.ts', import.meta.url));

/** A Node process with running workers, one for each behaviour. */
async function hostOf(mode: 'main' | 'thread', ...behaviours: string[]): Promise<Host> {
  const runtimes = behaviours.map((behaviour) => fixtureRuntime(behaviour));
  const args = [
    '--import',
    'tsx',
    '--conditions=@pypool/source',
    HOST,
    mode,
    ...runtimes.map(({ dir }) => dir),
  ];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const host = new Host(child, runtimes);
  await host.line('running');
  return host;
}

class Host implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #runtimes: readonly Disposable[];
  readonly #lines: AsyncIterator<string>;

  constructor(child: ChildProcess, runtimes: readonly Disposable[]) {
    this.#child = child;
    this.#runtimes = runtimes;
    this.pid = child.pid ?? 0;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  async line(expected: string): Promise<void> {
    expect((await this.#lines.next()).value).toBe(expected);
  }

  order(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** What no process survives to clean up after. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = descendantsOf(this.pid);
    await this.kill();
    for (const runtime of this.#runtimes) runtime[Symbol.dispose]();
    await untilGone(left);
  }
}

const never = new AbortController().signal;

function request(): LaunchRequest {
  return { workerId: 'w', slot: 0, transport: pipeTransport(), env: resolveEnvironment(), cwd: '/' };
}

describe.skipIf(process.platform !== 'linux')('the guardian', () => {
  it('ends every worker and grandchild when Node is killed, those that hold the GIL too', async () => {
    await using host = await hostOf('main', 'sleep_forever', 'hold_the_gil', 'spawn_grandchild');
    const all = pythonsOf(host.pid);
    // One launcher and so one guardian for each behaviour, and the grandchild.
    expect(all).toHaveLength(3 + 3 + 1);
    await host.kill();
    await untilGone(all);
  });

  it('is replaced when it dies, and its successor guards the workers there were', async () => {
    await using host = await hostOf('main', 'hold_the_gil');
    const [first] = guardiansOf(host.pid);
    host.order('replace-guardian');
    await host.line('replaced');
    const [second] = guardiansOf(host.pid);
    expect(second).not.toBe(first);
    const all = pythonsOf(host.pid);
    expect(all).toHaveLength(3);
    await host.kill();
    await untilGone(all);
  });

  it('guards workers that were launched from a worker thread', async () => {
    await using host = await hostOf('thread', 'spawn_grandchild');
    const all = pythonsOf(host.pid);
    expect(all).toHaveLength(3);
    await host.kill();
    await untilGone(all);
  });

  it('ends the workers of a worker thread that ends while Node lives on', async () => {
    await using host = await hostOf('thread', 'spawn_grandchild', 'hold_the_gil');
    const all = pythonsOf(host.pid);
    host.order('terminate-thread');
    await host.line('terminated');
    await untilGone(all);
    expect(isAlive(host.pid)).toBe(true);
  });

  it('survives the signals that a terminal sends to everybody', async () => {
    await using host = await hostOf('main', 'sleep_forever');
    const [guardian] = guardiansOf(host.pid);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(guardian!, signal);
    const all = pythonsOf(host.pid);
    expect(all).toHaveLength(2);
    await host.kill();
    await untilGone(all);
  });

  it('fails the launch with its last words when it cannot start', async () => {
    using runtime = fixtureRuntime('sleep_forever', 'refuse_to_guard');
    const launcher = spawnLauncher({ runtimeDir: runtime.dir });
    await expect(launcher.launch(request(), never)).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringContaining('exit code 1: no room for a guardian') as string,
    });
    await launcher.close();
    expect(descendantsOf(process.pid)).toEqual([]);
  });

  it.each([
    ['spawn', spawnLauncher, pipeTransport],
    ['fork-server', forkServer, socketTransport],
  ])(
    'is not waited for where it hangs, by whoever gives up or closes (%s)',
    async (_, launcherOf, transportOf) => {
      using runtime = fixtureRuntime('sleep_forever', 'never_guard');
      const [launcher, transport, abort] = [
        launcherOf({ runtimeDir: runtime.dir }),
        transportOf(),
        new AbortController(),
      ];
      const launch = launcher.launch({ ...request(), transport }, abort.signal);
      launch.catch(() => undefined);
      while (guardiansOf(process.pid).length === 0) await turn();
      const reason = new Error('no longer wanted');
      abort.abort(reason);
      await expect(launch).rejects.toBe(reason);
      await launcher.close();
      await transport.close();
      expect(descendantsOf(process.pid)).toEqual([]);
    },
  );

  it('is not replaced for ever when it keeps dying', async () => {
    using runtime = fixtureRuntime('sleep_forever', 'guard_for_a_moment');
    const losses: GuardianLoss[] = [];
    let launcher: WorkerLauncher | undefined;
    const givenUp = new Promise<void>((resolve) => {
      const onGuardianLoss = (loss: GuardianLoss): void => {
        losses.push(loss);
        if (!loss.replaced) resolve();
      };
      launcher = spawnLauncher({ runtimeDir: runtime.dir, onGuardianLoss });
    });
    await expect(launcher!.launch(request(), never)).rejects.toMatchObject({ code: 'start-failed' });
    await givenUp;
    expect(losses.map(({ replaced }) => replaced)).toEqual([true, true, true, true, true, false]);
    await launcher!.close();
    expect(descendantsOf(process.pid)).toEqual([]);
  });

  it('leaves when the launcher is closed, and not before', async () => {
    using runtime = fixtureRuntime('sleep_forever');
    const losses: GuardianLoss[] = [];
    const launcher = spawnLauncher({ runtimeDir: runtime.dir, onGuardianLoss: (loss) => losses.push(loss) });
    const request = {
      workerId: 'w',
      slot: 0,
      transport: pipeTransport(),
      env: resolveEnvironment(),
      cwd: '/',
    };
    const worker = await launcher.launch(request, new AbortController().signal);
    const [guardian] = guardiansOf(process.pid);
    worker.signal('SIGKILL');
    await worker.exited;
    worker.connection.destroy();
    expect(isAlive(guardian!)).toBe(true);
    await launcher.close();
    expect(isAlive(guardian!)).toBe(false);
    expect(losses).toEqual([]);
  });
});
