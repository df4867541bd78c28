import { randomUUID } from 'node:crypto';
import { isMainThread } from 'node:worker_threads';
import {
  createError,
  createValueCodec,
  type LogRecord,
  type PypoolError,
  type ValueCodec,
  type WelcomeModule,
} from '@pypool/protocol';
import type { Transport } from '@pypool/transport';
import { Advice } from './advice.js';
import { chooseLauncher } from './choose-launcher.js';
import { remediesFor } from './remedies/remedies.js';
import { MissingModules } from './remedies/missing-module.js';
import { environmentOfSlot, resolveEnvironment } from './environment.js';
import { WorkerEventHub, type WorkerEvents } from './events.js';
import { Heartbeat } from './heartbeat.js';
import type { WorkerLauncher } from './launcher/contract.js';
import { keepAliveDuring } from './launcher/keep-alive.js';
import { describeExit, type WorkerExit } from './life/exit.js';
import { ProcessWorker } from './life/process-worker.js';
import { StartWatch } from './life/start-watch.js';
import { observeLaunch } from './observe-launch.js';
import { moduleDir, moduleFolders, resolveModules } from './modules.js';
import {
  LOG_LEVELS,
  resolvePythonWorkersOptions,
  type PythonWorkersOptions,
  type ResolvedPythonWorkersOptions,
} from './options.js';
import type { OutputLine } from './output/line-builder.js';
import { eventOfLine, eventOfRecord, linesOf, type LogOrigin } from './output/log-event.js';
import { UnheardOutput } from './output/unheard-output.js';
import { findPython } from './python/find-python.js';
import type { PythonWorker } from './python-worker.js';
import { rlimitsForWelcome } from './rlimits.js';
import { MapTurns } from './shared-memory/map-turns.js';
import { ResultMemory } from './shared-memory/result-memory.js';
import { checkReach, shareMemory } from './shared-memory/share-memory.js';
import { StandingNews } from './standing-news.js';

/** Which worker is wanted. */
export interface WorkerRequest {
  /** Unique in the process, for example `"embeddings-2.7"`. */
  readonly workerId: string;
  readonly poolName: string;
  /** The smallest free integer among the live workers. */
  readonly slot: number;
  /** How often the pool was reloaded: what was imported for a lower number is too old for it. @defaultValue 0 */
  readonly generation?: number;
}

/** How many of a worker's calls were interrupted, and from how many on it is better replaced. */
export interface InterruptsReached {
  readonly option: 'maxInterrupts';
  readonly value: number;
  readonly limit: number;
}

/** What a worker tells whoever asked for it. None may throw. */
export interface WorkerObserver {
  /**
   * The signal aborted its start with a `start-timeout`: that error, with how far the start had come. Told while the signal aborts, at most
   * once; `start` rejects with the same once the process is reaped.
   */
  onLate(error: PypoolError): void;
  /**
   * It takes no more calls; those it has answer by themselves. Called at most once, before `onExit`.
   *
   * The error is that of a call (`timeout` or `cancelled`) where the worker is ended for its sake; otherwise why it cannot go on.
   */
  onUnavailable(error: Error): void;
  /** It serves on, and is better replaced: more of its calls were interrupted than `maxInterrupts`. Called at most once. */
  onWorn(reached: InterruptsReached): void;
  /** It is reaped and every call of it is answered. Called exactly once for a worker that `start` resolved with. */
  onExit(exit: WorkerExit): void;
}

/** A source of Python workers; `@pypool/pool` takes it as its factory. */
export interface PythonWorkers {
  /** The interpreter they run on, and how it was found. */
  readonly python: { readonly path: string; readonly foundBy: string };
  /** Calls that each of them runs at once. */
  readonly concurrency: number;
  /** The folders of the modules that they serve; `cwd` for one by its dotted name. */
  readonly folders: readonly string[];
  /**
   * Start one worker, ready for calls.
   *
   * Rejects with `start-failed`, having reaped what it began; with the signal's reason when that aborts, which where it is a `start-timeout`
   * tells how far the start had come.
   */
  start(request: WorkerRequest, observer: WorkerObserver, signal: AbortSignal): Promise<PythonWorker>;
  on<Name extends keyof WorkerEvents>(name: Name, listener: (event: WorkerEvents[Name]) => void): void;
  off<Name extends keyof WorkerEvents>(name: Name, listener: (event: WorkerEvents[Name]) => void): void;
  /** End the launcher's and the transport's own helpers, when every worker is reaped. Idempotent. */
  close(): Promise<void>;
}

/**
 * Prepare to start Python workers. Nothing is started yet; what can be known without starting is checked here.
 *
 * @throws PypoolError `invalid-options`, `unsupported-platform`, or `start-failed` where no Python is found.
 */
export function createPythonWorkers(options: PythonWorkersOptions): PythonWorkers {
  if (process.platform === 'win32') {
    throw createError({
      code: 'unsupported-platform',
      message:
        'Python workers need POSIX process groups and socket pairs; Windows has neither. Run Node under WSL.',
    });
  }
  return new PythonWorkerSource(resolvePythonWorkersOptions(options));
}

class PythonWorkerSource implements PythonWorkers {
  readonly python: { readonly path: string; readonly foundBy: string };
  readonly concurrency: number;
  readonly folders: readonly string[];
  readonly #options: ResolvedPythonWorkersOptions;
  readonly #modules: readonly WelcomeModule[];
  readonly #interpreter: string | undefined;
  readonly #missing: MissingModules;
  readonly #launcher: WorkerLauncher;
  readonly #transport: Transport;
  readonly #codec: ValueCodec;
  readonly #memory: ResultMemory;
  readonly #turns = new MapTurns();
  readonly #hub = new WorkerEventHub();
  readonly #advice = new Advice(this.#hub);
  readonly #fallback = new StandingNews(this.#hub, 'launcher-fallback');
  readonly #unheard = new UnheardOutput(process.stderr);
  readonly #heartbeat: Heartbeat;

  constructor(options: ResolvedPythonWorkersOptions) {
    this.#options = options;
    this.concurrency = options.concurrency;
    const { cwd, python } = options;
    this.#modules = resolveModules(options.module, cwd);
    this.folders = moduleFolders(this.#modules, cwd);
    this.python = findPython({ python, moduleDir: moduleDir(this.#modules, cwd), cwd });
    // Told now what is wrong with it; the first start may be much later.
    const env =
      typeof options.env === 'function'
        ? undefined
        : resolveEnvironment(options.env, { threads: options.threads });
    const { path, foundBy } = this.python;
    // A launcher of the user's own may run another.
    const isOurs = typeof (options.launcher ?? 'spawn') === 'string';
    this.#interpreter = isOurs ? `${path}, found by ${foundBy}` : undefined;
    this.#missing = new MissingModules(isOurs ? this.python : undefined, [...this.folders, cwd]);
    const { launcher, transport } = chooseLauncher({
      launcher: options.launcher,
      transport: options.transport,
      python: path,
      uid: options.uid,
      env,
      onGuardianLoss: ({ exit, replaced }) =>
        this.#hub.emit('guardian-lost', { message: `The guardian ${describeExit(exit)}.`, replaced }),
      onFallback: (fallback) => this.#fallback.add(fallback),
    });
    checkReach(transport, options.sharedMemory);
    this.#launcher = launcher;
    this.#transport = transport;
    this.#codec = createValueCodec({ types: options.types });
    this.#memory = new ResultMemory(options.sharedMemory?.maxBytes ?? 0);
    const { heartbeatIntervalMs: intervalMs, unresponsiveTimeoutMs } = options;
    this.#heartbeat = new Heartbeat(this.#hub, { intervalMs, unresponsiveTimeoutMs });
  }

  start(request: WorkerRequest, observer: WorkerObserver, signal: AbortSignal): Promise<PythonWorker> {
    return keepAliveDuring(this.#startWatched(request, observer, signal));
  }

  async #startWatched(
    request: WorkerRequest,
    observer: WorkerObserver,
    signal: AbortSignal,
  ): Promise<PythonWorker> {
    const watch = new StartWatch(signal, this.#modules, (error) => observer.onLate(error));
    try {
      return await this.#start(request, observer, watch);
    } catch (error) {
      throw watch.why(error);
    } finally {
      watch.end();
    }
  }

  async #start(request: WorkerRequest, observer: WorkerObserver, watch: StartWatch): Promise<PythonWorker> {
    const { workerId, poolName, slot, generation } = request;
    const { env, cwd, uid, gid, threads, rlimits, expose, limits, integers, unencodable } = this.#options;
    const {
      maxLineBytes,
      cancelGraces,
      maxInterrupts,
      logLevel,
      engine,
      concurrency,
      sharedMemory,
      signatures,
    } = this.#options;
    const user = uid === undefined && gid === undefined ? undefined : { uid, gid };
    const given = resolveEnvironment(environmentOfSlot(env, slot), {
      threads,
      ofOtherUser: uid !== undefined && uid !== process.geteuid?.(),
    });
    const launched = await this.#launcher.launch(
      {
        workerId,
        slot,
        transport: this.#transport,
        env: given,
        cwd,
        user,
        modules: this.#modules,
        python: this.python.path,
        generation,
        observer: observeLaunch({
          origin: { workerId, slot },
          interpreter: this.#interpreter,
          watch,
          hub: this.#hub,
          fallback: this.#fallback,
          onOutput: (by, stream, line) => this.#onOutput(by, stream, line),
        }),
      },
      watch.signal,
    );
    const origin: LogOrigin = { workerId, pid: launched.pid, slot };
    let isStarted = false;
    const worker: ProcessWorker = new ProcessWorker({
      process: shareMemory(launched, sharedMemory, {
        workerId,
        memory: this.#memory,
        turns: this.#turns,
        intoOf: (callId) => worker.intoOf(callId),
        onRefused: (reason) => this.#hub.emit('shared-memory-refused', { workerId, reason }),
      }),
      interpreter: this.#interpreter,
      remedies: remediesFor({ env: given, user, modules: this.#missing }),
      codec: this.#codec,
      maxLineBytes,
      cancelGraces,
      maxInterrupts,
      welcome: {
        codec: 'json',
        workerId,
        pool: poolName,
        slot,
        incarnation: randomUUID(),
        modules: this.#modules,
        expose: expose ?? null,
        limits,
        integers,
        unencodable,
        parentPid: process.pid,
        // The signal follows the thread that started the process: in a worker thread it would come when that ends. And what is
        // the parent of a process on another machine may leave it when it likes.
        parentDeathSignal: isMainThread && launched.signalAlone !== undefined,
        concurrency,
        engine,
        logLevel: LOG_LEVELS[logLevel],
        rlimits: rlimitsForWelcome(rlimits),
        outputToken: randomUUID(),
        signatures,
      },
      observer: {
        onUnavailable: (error) => {
          if (isStarted) observer.onUnavailable(error);
        },
        onExit: (exit) => {
          this.#heartbeat.remove(worker);
          if (isStarted) observer.onExit(exit);
        },
        onOutput: (stream, line) => this.#onOutput(origin, stream, line),
        onLog: (record) => this.#onLog(origin, record),
        onWorn: () =>
          observer.onWorn({ option: 'maxInterrupts', value: maxInterrupts + 1, limit: maxInterrupts }),
        onPong: ({ n }) => this.#heartbeat.answered(worker, n),
        onEvent: ({ event, error, message }) => {
          if (event === 'thread-exception' && error !== undefined) this.#hub.emit(event, { workerId, error });
          if (event === 'suggestion' && message !== undefined) this.#advice.add({ workerId, message });
        },
      },
    });
    watch.launched(worker);
    await worker.started;
    // It may have died, or been given up, between its READY and this turn: then it never was anybody's.
    if (worker.state !== 'ready') throw endedAtOnce(worker.id, await worker.exited);
    watch.end();
    // From here on nothing is awaited: whatever happens to it next is the observer's to hear.
    isStarted = true;
    this.#heartbeat.add(worker);
    return worker;
  }

  on: PythonWorkers['on'] = (name, listener) => {
    this.#hub.on(name, listener);
    // Not before whoever listens has got on with it.
    if (name === 'suggestion') queueMicrotask(() => this.#advice.tell());
    if (name === 'launcher-fallback') queueMicrotask(() => this.#fallback.tell());
  };
  off: PythonWorkers['off'] = (name, listener) => this.#hub.off(name, listener);

  async close(): Promise<void> {
    this.#memory.close();
    try {
      await this.#launcher.close();
    } finally {
      await this.#transport.close();
    }
  }

  #onOutput(origin: LogOrigin, stream: 'stdout' | 'stderr', line: OutputLine): void {
    const { workerId } = origin;
    const [isOutputHeard, isLogHeard] = [this.#hub.heard('output'), this.#hub.heard('log')];
    if (isOutputHeard) this.#hub.emit('output', { workerId, stream, ...line });
    if (isLogHeard) this.#hub.emit('log', eventOfLine(stream, line, origin));
    if (!isOutputHeard && !isLogHeard) this.#unheard.print(workerId, line.line);
  }

  #onLog(origin: LogOrigin, record: LogRecord): void {
    const isHeard = this.#hub.heard('log');
    // What a handler in Python took is where that was told to put it: on stderr, as a rule, and so among the lines.
    if (!isHeard && record.handled) return;
    const event = eventOfRecord(record, origin);
    if (isHeard) this.#hub.emit('log', event);
    else for (const line of linesOf(event)) this.#unheard.print(origin.workerId, line);
  }
}

function endedAtOnce(workerId: string, exit: WorkerExit): PypoolError {
  return createError({
    code: 'start-failed',
    message: `Worker ${workerId} ended as it became ready${exit.error === undefined ? '.' : `: ${exit.error.message}`}`,
    context: { workerId, exitCode: exit.exitCode ?? null, signal: exit.signal ?? null },
    cause: exit.error,
  });
}
