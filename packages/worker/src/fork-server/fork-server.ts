import { isMainThread } from 'node:worker_threads';
import type { ConnectionOffer } from '@pypool/transport';
import { resolveEnvironment } from '../environment.js';
import { checkUser, orAborted } from '../launcher/connect.js';
import type { LaunchedWorker, LaunchRequest, WorkerLauncher } from '../launcher/contract.js';
import { Guardian } from '../launcher/guardian.js';
import { keepAliveDuring } from '../launcher/keep-alive.js';
import { SpawnLauncher } from '../launcher/spawn-launcher.js';
import { isStartTimeout } from '../life/start-timeout.js';
import { findPython } from '../python/find-python.js';
import { guardianFile, runtimeDir } from '../python/runtime-files.js';
import { attach } from '../launcher/attach.js';
import { fallbackOf, type FoundHazard } from './fork-hazards.js';
import {
  resolveForkServerOptions,
  type ForkServerOptions,
  type ResolvedForkServerOptions,
} from './fork-server-options.js';
import { cannotInherit, closed, importEnded, notForked, unsafe } from './fork-server-errors.js';
import { ForkServerProcess, type Forked } from './fork-server-process.js';
import { ForkedProcess } from './forked-process.js';
import { importEnvironment, isSameForLibraries } from './import-environment.js';
import { ImportHome } from './import-home.js';
import { SharedImport, type ImportResult } from './shared-import.js';

/**
 * A launcher that imports the modules once, in a process from which it forks each worker: they start in milliseconds, and share what was imported.
 *
 * Linux, and modules that leave no thread, event loop, socket or CUDA behind when they are imported; else it does what `ifUnsafe` says. Its workers
 * dial in, so it needs a transport for that (`socketTransport()` of `@pypool/transport-socket`, which is the default with it).
 *
 * @throws PypoolError `invalid-options` for unknown options and a `python` that does not exist.
 */
export function forkServer(options: ForkServerOptions = {}): WorkerLauncher {
  return new ForkServerLauncher(resolveForkServerOptions(options));
}

/** One worker on its way from an import to a process. */
interface ForkStart {
  readonly home: ImportHome;
  readonly shared: SharedImport;
  readonly server: ForkServerProcess;
  readonly offer: ConnectionOffer;
  readonly request: LaunchRequest;
  readonly signal: AbortSignal;
}

class ForkServerLauncher implements WorkerLauncher {
  readonly name = 'fork-server';
  readonly dials = true;
  readonly #options: ResolvedForkServerOptions;
  readonly #homes = new Map<string, ImportHome>();
  readonly #imports = new Set<SharedImport>();
  #python: string | undefined;
  #guardian: Guardian | undefined;
  #spawn: SpawnLauncher | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedForkServerOptions) {
    this.#options = options;
    if (options.python !== undefined) this.#python = findPython({ python: options.python }).path;
  }

  launch(request: LaunchRequest, signal: AbortSignal): Promise<LaunchedWorker> {
    return keepAliveDuring(this.#launch(request, signal));
  }

  close(): Promise<void> {
    this.#closing ??= keepAliveDuring(this.#close());
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all(Array.from(this.#imports, (one) => one.close()));
    await this.#spawn?.close();
    await this.#guardian?.close();
  }

  async #launch(request: LaunchRequest, signal: AbortSignal): Promise<LaunchedWorker> {
    signal.throwIfAborted();
    if (this.#closing !== undefined) throw closed();
    const home = this.#homeOf(request);
    if (process.platform !== 'linux' && home.hazards === undefined)
      this.#refuse(home, [{ hazard: 'platform', found: [process.platform] }], request);
    if (home.hazards !== undefined) return this.#otherwise(home.hazards, request, signal);

    const offer = await request.transport.offer(signal);
    try {
      if (offer.pipes > 0) throw cannotInherit(request.transport.name);
      checkUser(request, offer);
      this.#guard(this.#pythonFor(request)).clearAway(offer.socketPath);
      for (;;) {
        const worker = await this.#launchFrom(home, offer, request, signal);
        if (worker !== undefined) return worker;
      }
    } catch (error) {
      offer.withdraw();
      throw error;
    }
  }

  /** One try. Gives nothing where another one is in order: a fork server was given up or lost that this start had no part in. */
  async #launchFrom(
    home: ImportHome,
    offer: ConnectionOffer,
    request: LaunchRequest,
    signal: AbortSignal,
  ): Promise<LaunchedWorker | undefined> {
    const { args, env = {} } = offer;
    const worker = { args, env: { ...request.env, ...env } };
    const shared = home.current(() => this.#startImport(home, request));
    request.observer?.onImporting?.(() => shared.progress);
    let result: ImportResult;
    try {
      result = await shared.wait(signal);
    } catch (error) {
      if (shared.isGivenUp || !signal.aborted) home.forget(shared);
      if (shared.isGivenUp && !signal.aborted) return undefined;
      throw error;
    }
    // Nothing is awaited from here to the fork: all who waited for an import that failed ask for theirs in one turn.
    const { server, report } = result;
    if (report === undefined || report.failed || report.hazards.length > 0) home.forget(shared);
    if (report === undefined) {
      if (shared.isGivenUp) return undefined;
      throw await importEnded(server, request.workerId, this.#python);
    }
    if (report.hazards.length === 0) {
      const forking = server.fork(worker, signal);
      if (report.failed) server.retire();
      return this.#fork(forking, { home, shared, server, offer, request, signal });
    }
    // What its modules made of having no worker is nothing to serve with, or to tell.
    const isNoWorkers = report.hazards.some(({ hazard }) => hazard === 'current-worker');
    if (!report.failed || isNoWorkers) this.#refuse(home, report.hazards, request);
    if (shared.take()) {
      // Of an import that failed it has to tell, no more.
      const mayServe = this.#options.ifUnsafe === 'spawn' && isSameForLibraries(request.env);
      if (!isNoWorkers && (report.failed || mayServe))
        return attach(server.become(worker), offer, Promise.resolve(), signal);
      await server.close();
    }
    offer.withdraw();
    return this.#otherwise(report.hazards, request, signal);
  }

  async #fork(forking: Promise<Forked>, start: ForkStart): Promise<LaunchedWorker | undefined> {
    const { home, shared, server, offer, request, signal } = start;
    let forked: Forked;
    try {
      forked = await forking;
    } catch (error) {
      if (isStartTimeout(error)) {
        // It is stopped, or a hook at the fork hangs: it may be no better for the next.
        home.forget(shared);
        server.retire();
      }
      throw error;
    }
    if (forked instanceof ForkedProcess) return attach(forked, offer, this.#guarded(forked), signal);
    if (server.isLost) {
      home.forget(shared);
      return undefined;
    }
    if (forked.type === 'failed') throw notForked(forked.message);
    home.forget(shared);
    server.retire();
    this.#refuse(home, forked.hazards, request);
    offer.withdraw();
    return this.#otherwise(forked.hazards, request, signal);
  }

  #homeOf({ modules, cwd, user, generation = 0, observer }: LaunchRequest): ImportHome {
    const key = JSON.stringify([modules, cwd, user]);
    let home = this.#homes.get(key);
    if (home === undefined || home.generation < generation) {
      home?.retire();
      home = new ImportHome(generation);
      this.#homes.set(key, home);
    }
    home.observer = observer;
    return home;
  }

  #startImport(home: ImportHome, request: LaunchRequest): SharedImport {
    const shared: SharedImport = new SharedImport(async (signal) => {
      try {
        const server = await this.#startServer(home, request, signal);
        void server.ended.then((exit) => {
          this.#imports.delete(shared);
          home.forget(shared);
          if (server.isLost && shared.hasServed) home.observer?.onLoss?.({ exit, workers: server.workers });
        });
        return server;
      } catch (error) {
        this.#imports.delete(shared);
        throw error;
      }
    });
    this.#imports.add(shared);
    return shared;
  }

  async #startServer(
    home: ImportHome,
    request: LaunchRequest,
    signal: AbortSignal,
  ): Promise<ForkServerProcess> {
    const python = this.#pythonFor(request);
    // Started before the fork server and awaited after it, so that the two cost the longer of both.
    this.#guard(python)
      .ensure()
      .catch(() => undefined);
    const server = await ForkServerProcess.start({
      file: python,
      runtime: this.#runtime,
      env: importEnvironment(request.env),
      cwd: request.cwd,
      user: request.user,
      onLine: (stream, line) => home.observer?.onOutput?.(server.process.pid, stream, line),
    });
    try {
      // It runs nothing of the user's before it is told what to import.
      await orAborted(this.#guarded(server.process), signal);
    } catch (error) {
      await server.close();
      throw error;
    }
    const { preload, tolerate } = this.#options;
    server.import({ modules: request.modules ?? [], preload, tolerate, parentDeathSignal: isMainThread });
    return server;
  }

  #refuse(home: ImportHome, hazards: readonly FoundHazard[], { modules, observer }: LaunchRequest): void {
    if (home.hazards !== undefined) return;
    home.hazards = hazards;
    if (this.#options.ifUnsafe === 'spawn') observer?.onFallback?.(fallbackOf(hazards, modules));
  }

  /** Where it cannot be forked. */
  #otherwise(
    hazards: readonly FoundHazard[],
    request: LaunchRequest,
    signal: AbortSignal,
  ): Promise<LaunchedWorker> {
    if (this.#options.ifUnsafe === 'fail') {
      return Promise.reject(unsafe(fallbackOf(hazards, request.modules)));
    }
    this.#spawn ??= new SpawnLauncher(
      {
        python: this.#pythonFor(request),
        ...(this.#options.runtimeDir !== undefined && { runtimeDir: this.#options.runtimeDir }),
      },
      this.#guard(this.#pythonFor(request)),
    );
    return this.#spawn.launch(request, signal);
  }

  /** Have a group guarded for as long as its leader is there. Resolves when it is. */
  #guarded({ pid, exited }: Pick<LaunchedWorker, 'pid' | 'exited'>): Promise<void> {
    void exited.then(() => this.#guardian?.unregister(pid));
    return this.#guardian?.register(pid) ?? Promise.resolve();
  }

  get #runtime(): string {
    return this.#options.runtimeDir ?? runtimeDir();
  }

  /** One for all that it starts. */
  #pythonFor(request: LaunchRequest): string {
    this.#python ??= request.python ?? findPython().path;
    return this.#python;
  }

  #guard(python: string): Guardian {
    this.#guardian ??= new Guardian({
      python,
      file: guardianFile(this.#runtime),
      env: resolveEnvironment(),
      onLoss: this.#options.onGuardianLoss,
    });
    return this.#guardian;
  }
}
