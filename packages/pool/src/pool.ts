import type { WorkerDump } from '@pypool/protocol';

import type { MapItems, PoolMap } from './map/call-map.js';
import type { MapOptions } from './map/map-options.js';
import type { CloseOptions } from './lifecycle/closing.js';
import type { CallObserver } from './observe/call-observer.js';
import type { PoolEventName, PoolListener } from './observe/events.js';
import type { PoolHealth } from './observe/health.js';
import type { PoolStats } from './observe/stats.js';
import type { PoolStatus } from './observe/status.js';
import type { PoolCallOptions } from './options/call-options.js';

/** Many workers behind one door. Made by `createPool()`. */
export interface Pool extends AsyncDisposable {
  readonly name: string;
  /** Calls that `size + overflow` workers run at once. */
  readonly places: number;

  /**
   * Run a function on some worker. With a free place it is on its way before this returns. Buffers over 16 KiB among its arguments are read
   * until the call settles and must not be changed or transferred before.
   *
   * @param args an array is positional, a plain object is keywords, `{ args, kwargs }` both
   * @throws PypoolError always as a rejection: of the pool (`queue-full`, `checkout-timeout`, `deadline-exceeded`, `aborted`, `pool-closed`,
   * `start-failed`, ...), or whatever the worker answers
   */
  call<T = unknown>(name: string, args?: unknown, options?: PoolCallOptions): Promise<T>;

  /**
   * Run a function that yields many items. It begins now, and waits for a worker like a call; what goes wrong is met where its items are.
   * It holds its worker until it has ended or its consumer has left, and has no total limit unless given.
   */
  stream<T = unknown>(name: string, args?: unknown, options?: PoolCallOptions): PoolStream<T>;

  /**
   * Call a function for each item of an iterable, sync or async, and give the results as they are taken.
   *
   * It begins with the first `next()` and keeps at most `concurrency` items between source and consumer, so that a slow consumer slows the source and
   * memory stays bounded. The first error ends it, after the results before it: what runs is aborted and the source closed, and so it is when
   * the loop is left. Both wait until none of its calls is open.
   */
  map<T = unknown, Item = unknown>(
    name: string,
    items: MapItems<Item>,
    options?: MapOptions<Item>,
  ): PoolMap<T>;

  /**
   * Resolves once `minReady` workers are ready; a lazy pool starts them now. Rejects with the error of a start when those under way
   * cannot make it any more. May be called again, and tries again.
   */
  ready(): Promise<void>;

  /**
   * Replace every worker by a fresh one, one after another, while calls go on: for a module that has changed. Resolves when no worker from before
   * is left and as many are ready as there should be. How is said by `replace`: with `'before'` no worker leaves until a new one is ready.
   *
   * Rejects with the error of a start that failed, its traceback in the message; workers that have not been replaced by then stay. May be called
   * while another reload goes on, which then ends with it: it takes in the workers that the first has begun. A call or stream that never ends on a
   * worker of before holds it up.
   */
  reload(): Promise<void>;

  /**
   * Change `size`, at once. Workers that are missing start; those beyond `size + overflow` take no more calls and leave, starts first, then the
   * idle ones; those beyond `size` leave when they have rested for `idleTimeoutMs`.
   *
   * @throws PypoolError `invalid-options` for what is no whole number from 0 up, or leaves room for no worker; `pool-closed`
   */
  resize(size: number): void;

  /** Resolves when no call runs or waits. Refuses nothing: calls made meanwhile are waited for too. */
  drain(): Promise<void>;

  /**
   * Refuse new calls at once, finish the open ones up to a limit, end what is left, and let every worker go. Idempotent: later calls share the
   * first, and may only hasten it. Rejects where the factory cannot be closed; then the pool has closed nevertheless.
   */
  close(options?: CloseOptions): Promise<void>;

  /** What every worker does now. Made when asked for. */
  status(): PoolStatus;
  /**
   * What one worker does at this moment: the calls that run, and the stacks of its threads and tasks. Disturbs no call, and takes seconds at most,
   * also of a worker that answers nothing else.
   *
   * Rejects as `invalid-arguments` for an id that no live worker has, with those that there are; as the worker does: `worker-exited` where it ends
   * meanwhile, `worker-unresponsive` where it is stopped, tells nothing, or has not started yet; `unsupported-platform` where workers cannot tell.
   *
   * @param workerId as in `status()`, in events and in errors
   */
  dump(workerId: string): Promise<WorkerDump>;
  /** What the pool has done so far. */
  stats(): PoolStats;
  /** Whether it can serve, for probes. */
  health(): PoolHealth;

  /**
   * Listen; the same listener is added once. One that throws is an uncaught exception of its own and disturbs nobody.
   *
   * @throws UsageError `invalid-arguments` for an event that there is not, or a listener that is no function
   */
  on<Name extends PoolEventName>(event: Name, listener: PoolListener<Name>): void;
  /** Listen no more. */
  off<Name extends PoolEventName>(event: Name, listener: PoolListener<Name>): void;
  /**
   * See each call that is made from now on, from its beginning to its end: for traces and metrics. The same observer is added once.
   *
   * @returns ends it: calls that are watched already are watched to their end
   * @throws UsageError `invalid-arguments` for what is no observer
   */
  observe(observer: CallObserver): () => void;
}

/** The items of one stream, for one reader. Leaving the loop ends it. */
export interface PoolStream<T = unknown> extends AsyncIterableIterator<T>, AsyncDisposable {
  /** Resolves when a worker begins with it; rejects if none ever does. Need not be looked at. */
  readonly started: Promise<void>;
  /** Resolves when its producer has ended or was ended for a consumer that left; rejects with what it failed with. Need not be looked at. */
  readonly finished: Promise<void>;
  return(): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncIterator](): PoolStream<T>;
}
