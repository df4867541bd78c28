import { once } from 'node:events';
import { FrameType, type Frame } from '@pypool/protocol';
import type { Transport } from '@pypool/transport';
import { describe, expect, it } from 'vitest';
import { resolveEnvironment } from '../environment.js';
import type { LaunchedWorker, LaunchRequest, WorkerLauncher } from '../launcher/contract.js';

/** A launcher under test and a transport that it can serve. */
export interface LauncherHarness {
  readonly launcher: WorkerLauncher;
  readonly transport: Transport;
  /** Asks the operating system, after the launcher was closed: throws where a process is left. */
  assertNothingLeft(): Promise<void>;
}

const never = new AbortController().signal;

/** What every launcher must do. Runs inside a vitest file: `launcherConformance('spawn', () => createHarness())`. */
export function launcherConformance(name: string, createHarness: () => Promise<LauncherHarness>): void {
  describe(`the ${name} launcher`, () => {
    function launching(body: (test: LauncherUnderTest) => Promise<void>): () => Promise<void> {
      return async () => {
        const harness = await createHarness();
        const { launcher, transport } = harness;
        const base = {
          workerId: 'conformance-0',
          slot: 0,
          transport,
          env: resolveEnvironment(),
          cwd: process.cwd(),
        };
        try {
          await body({ launcher, request: (overrides) => ({ ...base, ...overrides }) });
        } finally {
          await launcher.close();
          await transport.close();
          await harness.assertNothingLeft();
        }
      };
    }

    it(
      'brings up a runtime that says hello on control',
      launching(async ({ launcher, request }) => {
        const worker = await launcher.launch(request(), never);
        const hello = await firstControlFrame(worker);
        expect(hello.type).toBe(FrameType.HELLO);
        await end(worker);
      }),
    );

    it(
      'runs several workers side by side, each with a process of its own',
      launching(async ({ launcher, request }) => {
        const ids = ['a', 'b', 'c'];
        const workers = await Promise.all(
          ids.map((workerId) => launcher.launch(request({ workerId }), never)),
        );
        await Promise.all(workers.map(firstControlFrame));
        expect(new Set(workers.map(({ pid }) => pid)).size).toBe(3);
        await Promise.all(workers.map(end));
      }),
    );

    it(
      'tells how the process ended, and is silent to signals after that',
      launching(async ({ launcher, request }) => {
        const worker = await launcher.launch(request(), never);
        await firstControlFrame(worker);
        worker.signal('SIGKILL');
        expect(await worker.exited).toMatchObject({ exitCode: undefined, signal: 'SIGKILL' });
        worker.signal('SIGKILL');
        worker.connection.destroy();
      }),
    );

    it(
      'gives what the process writes to its standard streams, up to their end',
      launching(async ({ launcher, request }) => {
        const worker = await launcher.launch(request(), never);
        const ends = [once(worker.stdout.resume(), 'end'), once(worker.stderr.resume(), 'end')];
        await firstControlFrame(worker);
        await end(worker);
        await Promise.all(ends);
      }),
    );

    it(
      'rejects with the reason of its signal and leaves nothing, whenever it is aborted',
      launching(async ({ launcher, request }) => {
        const reason = new Error('no longer wanted');
        await expect(launcher.launch(request(), AbortSignal.abort(reason))).rejects.toBe(reason);
        const aborted = new AbortController();
        const launch = launcher.launch(request(), aborted.signal);
        aborted.abort(reason);
        await expect(launch).rejects.toBe(reason);
      }),
    );

    it(
      'rejects as start-failed where the process cannot start',
      launching(async ({ launcher, request }) => {
        const launch = launcher.launch(request({ cwd: '/no/such/folder' }), never);
        await expect(launch).rejects.toMatchObject({ code: 'start-failed' });
      }),
    );

    it(
      'closes once, however often it is told to, and launches nothing after it',
      launching(async ({ launcher, request }) => {
        await Promise.all([launcher.close(), launcher.close()]);
        await expect(launcher.launch(request(), never)).rejects.toMatchObject({ code: 'start-failed' });
      }),
    );
  });
}

interface LauncherUnderTest {
  readonly launcher: WorkerLauncher;
  readonly request: (overrides?: Partial<LaunchRequest>) => LaunchRequest;
}

function firstControlFrame({ connection }: LaunchedWorker): Promise<Frame> {
  return new Promise((resolve, reject) => {
    const onEnd = (error: Error | undefined): void => reject(error ?? new Error('the channel ended'));
    connection.listen({
      replies: { onFrame: () => undefined, onEnd },
      control: { onFrame: resolve, onEnd },
    });
  });
}

async function end(worker: LaunchedWorker): Promise<void> {
  worker.signal('SIGKILL');
  await worker.exited;
  worker.connection.destroy();
}
