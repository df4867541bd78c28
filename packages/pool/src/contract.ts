import type { FunctionFacts, OutgoingCall, PypoolError, SharedMemoryUse, WorkerDump } from '@pypool/protocol';

import type { LimitReached } from './strategies/recycling.js';

/** How a worker ended, once the operating system has reaped it. */
export interface WorkerExit {
  /** Why, in one word for metrics: asked to close, killed by us, or its own doing. */
  readonly reason: 'closed' | 'killed' | 'died';
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** What it took of the machine, from its start to its end: processor time, and most memory at a time. @defaultValue not known */
  readonly rusage?:
    { readonly userMs: number; readonly systemMs: number; readonly maxRssBytes: number } | undefined;
  /** For `died`: the error that its calls got. */
  readonly error: PypoolError | undefined;
}

/** What a pool needs of a worker. It names no process and no bytes. */
export interface PoolWorker {
  /** How many calls it takes at once. */
  readonly concurrency: number;
  /** Facts for `status()`, for example `{ pid: 4711 }`. Read when asked, never on the hot path. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** What is known of the functions it serves, by name: those of which nothing is known may be left out. Does not change while it is ready. */
  readonly functionFacts?: ReadonlyMap<string, FunctionFacts>;
  /**
   * What it holds that nobody else does, its descendants included, in bytes: what would be free without it. Rejects where that cannot be read,
   * and once it is gone. Left out where the system does not tell; limits on memory are refused then.
   */
  memoryBytes?(): Promise<number>;
  /** The memory that it shares with this process, as it stands. Asked by `status()`. Left out where it can share none. */
  sharedMemory?(): SharedMemoryUse;
  /**
   * What it does now, for `dump()` of the pool: settles within seconds, whatever the worker does. Rejects with a PypoolError where it ends meanwhile or
   * tells nothing. Left out where workers cannot tell.
   */
  dump?(): Promise<WorkerDump>;
  /** Begin a call. Never throws; the worker answers through the call, exactly once. */
  run(call: OutgoingCall): void;
  /**
   * Ask for calls back that wait for those before them. Each that has not begun is told so (`onRevoked`) and never begins; the rest answer as ever, and so do
   * all where the worker ends first: as `not-started` where that is certain. Ignored for a call that runs or is answered.
   *
   * A worker that has it takes more calls than `concurrency`, and begins with those that are too many in their order, as places become free (`onStart`). Left
   * out where it cannot: it is given no more than it takes at once.
   */
  revoke?(calls: readonly OutgoingCall[]): void;
  /**
   * End a running call, or one that waits for those before it. It answers with `onError` once its work has ended, within a bounded time: with `error`, or one like it that tells what
   * became of the call. Ignored for a call already answered.
   */
  cancel(call: OutgoingCall, error: PypoolError): void;
  /** A stream's consumer left: the stream ends between two items and then answers. Ignored for a call already answered. */
  leave(call: OutgoingCall): void;
  /** Allow a stream `items` more items and `bytes` more bytes, as its `onItem` counts them. Ignored for a call already answered. */
  grant(call: OutgoingCall, items: number, bytes: number): void;
  /** Finish what runs, then stop, killing after `timeoutMs`. Idempotent and shared; resolves when the worker is reaped; never rejects. */
  close(options: { readonly timeoutMs: number }): Promise<WorkerExit>;
  /** End it now: its calls fail. Idempotent; resolves when the worker is reaped; never rejects. */
  kill(reason?: PypoolError): Promise<WorkerExit>;
}

/** What a worker tells its pool. None may throw. */
export interface PoolWorkerObserver {
  /**
   * The signal aborted its start with a `start-timeout`: the same error, with how far the start had come, for whoever is told of it. To be called while
   * the signal aborts or not at all.
   */
  onLate(error: PypoolError): void;
  /**
   * It takes no more calls (it is dying, was killed, or is to be, as soon as those that run beside the call to be ended had time to finish). Its calls answer
   * by themselves, and so it stops. Called at most once, before `onExit`.
   *
   * The error says why: one of category `timeout` or `cancelled`, that it is ended for the sake of a call, which says nothing of the worker itself.
   */
  onUnavailable(error: PypoolError): void;
  /** It serves on, and is better replaced by a fresh one, as any that has reached a limit. The first limit told holds. */
  onWorn(reached: LimitReached): void;
  /** It is reaped, every call of it has been answered. Called exactly once for every worker that `start` resolved with. */
  onExit(exit: WorkerExit): void;
}

/** What a pool says about the worker it wants. */
export interface WorkerRequest {
  /** Unique in the process, for example `"embeddings-2.7"`: pool name, slot, count of starts. */
  readonly workerId: string;
  readonly poolName: string;
  /** The smallest free integer among the live workers. */
  readonly slot: number;
  /** How often `reload()` was called before: what a factory has loaded for a lower number is too old for it. */
  readonly generation: number;
}

/** A source of workers. The pool's only view of what a worker is. */
export interface WorkerFactory {
  /** How many calls each of its workers takes at once, at least 1, where that is known before the first is up. @defaultValue 1 until then */
  readonly concurrency?: number;
  /**
   * Bring one worker up, ready for calls.
   *
   * Rejects with a PypoolError (`start-failed`, `unsupported-platform`, ...) where it cannot, having reaped whatever it began. When
   * `signal` aborts it does so at once and rejects with the signal's reason, or what it told {@link PoolWorkerObserver.onLate}. The pool keeps the start budget.
   */
  start(request: WorkerRequest, observer: PoolWorkerObserver, signal: AbortSignal): Promise<PoolWorker>;
  /** Called once when the pool has closed and every worker is reaped. */
  close(): Promise<void>;
}
