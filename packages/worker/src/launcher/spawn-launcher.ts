import { checkOptions, createError } from '@pypool/protocol';
import { z } from 'zod';
import { resolveEnvironment } from '../environment.js';
import { findPython } from '../python/find-python.js';
import { guardianFile, runtimeDir } from '../python/runtime-files.js';
import { attach } from './attach.js';
import { runtimeArgs } from './bootstrap.js';
import { checkUser } from './connect.js';
import type { LaunchedWorker, LaunchRequest, WorkerLauncher } from './contract.js';
import { Guardian, type GuardianLoss } from './guardian.js';
import { keepAliveDuring } from './keep-alive.js';
import { spawnProcess, type SpawnedProcess } from './spawn-process.js';

/** Options of {@link spawnLauncher}. */
export interface SpawnLauncherOptions {
  /**
   * Interpreter: a file, the folder of a virtual environment, or a name that is looked up in PATH.
   *
   * @defaultValue what {@link findPython} finds from the working directory, at the first launch
   */
  readonly python?: string;
  /**
   * Whether a guardian ends all workers and their children when Node dies without closing (SIGKILL, crash). Without it, workers still
   * notice, but not while C code holds the GIL, and their children are left over.
   *
   * @defaultValue true
   */
  readonly guardian?: boolean;
  /** Called when the guardian died; it is replaced, up to five times a minute. */
  readonly onGuardianLoss?: (loss: GuardianLoss) => void;
  /**
   * Folder that holds the Python package `pypool`, for bundles that move it.
   *
   * @defaultValue the one that travels in this package
   */
  readonly runtimeDir?: string;
}

const schema = z.strictObject({
  python: z.string().min(1).optional(),
  guardian: z.boolean().optional(),
  onGuardianLoss: z.custom<(loss: GuardianLoss) => void>((value) => typeof value === 'function').optional(),
  runtimeDir: z.string().min(1).optional(),
});

/**
 * A launcher that starts each worker as a process of its own: `python -c` with the transport's pipes inherited.
 *
 * One guardian serves all its workers. Works from a worker thread too.
 *
 * @throws PypoolError `invalid-options` for unknown options and a `python` that does not exist.
 */
export function spawnLauncher(options: SpawnLauncherOptions = {}): WorkerLauncher {
  return new SpawnLauncher(checkOptions('spawnLauncher()', schema, options));
}

/** {@link spawnLauncher}, for launchers that fall back to it. */
export class SpawnLauncher implements WorkerLauncher {
  readonly name = 'spawn';
  readonly #options: SpawnLauncherOptions;
  #python: string | undefined;
  #guardian: Guardian | undefined;
  #closed = false;

  /** @param guardian shared with another launcher, where it is */
  constructor(options: SpawnLauncherOptions, guardian?: Guardian) {
    this.#options = options;
    this.#guardian = guardian;
    if (options.python !== undefined) this.#python = findPython({ python: options.python }).path;
  }

  launch(request: LaunchRequest, signal: AbortSignal): Promise<LaunchedWorker> {
    return keepAliveDuring(this.#launch(request, signal));
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#guardian !== undefined) await keepAliveDuring(this.#guardian.close());
  }

  async #launch(request: LaunchRequest, signal: AbortSignal): Promise<LaunchedWorker> {
    signal.throwIfAborted();
    if (this.#closed) {
      throw createError({ code: 'start-failed', message: 'The launcher has been closed.', retryable: false });
    }
    const python = (this.#python ??= findPython().path);
    const runtime = this.#options.runtimeDir ?? runtimeDir();
    const guardian = this.#options.guardian === false ? undefined : this.#guard(python, runtime);
    const offer = await request.transport.offer(signal);
    guardian?.clearAway(offer.socketPath);
    // Started before the worker and awaited after it, so that a first start costs the longer of the two. Until then the worker runs
    // nothing of the user's: the handshake waits for the launch, and the end of control ends a runtime that has only started.
    guardian?.ensure().catch(() => undefined);

    let process: SpawnedProcess;
    try {
      signal.throwIfAborted();
      checkUser(request, offer);
      process = await spawnProcess({
        file: python,
        args: runtimeArgs(runtime, offer.args),
        env: { ...request.env, ...offer.env },
        cwd: request.cwd,
        user: request.user,
        stdin: false,
        pipes: offer.pipes,
      });
    } catch (error) {
      offer.withdraw();
      throw error;
    }
    // At once: from here on Node may die, and the line to the guardian is with the kernel before anything is awaited.
    const guarded = guardian?.register(process.pid);
    const exited = process.exited.then((exit) => {
      guardian?.unregister(process.pid);
      return exit;
    });
    return attach({ ...process, exited }, offer, guarded ?? Promise.resolve(), signal);
  }

  #guard(python: string, runtime: string): Guardian {
    this.#guardian ??= new Guardian({
      python,
      file: guardianFile(runtime),
      // Enough for the shims of version managers; `-E` keeps the rest of it from Python.
      env: resolveEnvironment(),
      onLoss: this.#options.onGuardianLoss,
    });
    return this.#guardian;
  }
}
