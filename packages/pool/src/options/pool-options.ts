import type { Clock } from '../clock/clock.js';
import type { WorkerFactory } from '../contract.js';
import type { PrefetchOptions, ResolvedPrefetch } from './prefetch-options.js';
import type { QueueDiscipline } from '../strategies/queue.js';
import type { ReplaceOrder } from '../strategies/recycling.js';
import type { SelectionStrategy } from '../strategies/selection.js';

/**
 * When workers are started: `eager`, `size` of them at once; `background` likewise, but whoever makes the pool does not wait for them; `lazy`, when
 * calls need them (or `ready()` asks for them), up to `size`. Steady workers stay once started, and are replaced when they die.
 */
export type StartMode = 'eager' | 'background' | 'lazy';

/** How a pool is made. Durations are milliseconds. */
export interface PoolOptions {
  /** Where workers come from. The pool closes it when it has closed. */
  readonly factory: WorkerFactory;
  /** Steady workers. 0: none, calls run on `overflow` alone. Finite. */
  readonly size: number;
  /** Name of the pool, in worker ids, errors and logs. @defaultValue `"pool"` */
  readonly name?: string;
  /** Workers above `size` that exist only under load. 0: none. Finite. `size` and `overflow` may not both be 0. @defaultValue `2` */
  readonly overflow?: number;
  /** How long a worker above `size` rests before it leaves. 0: at once. `Infinity`: never. @defaultValue `30_000` */
  readonly idleTimeoutMs?: number;
  /** @defaultValue `'eager'` */
  readonly start?: StartMode;
  /** Ready workers that `ready()` waits for. 0: none. At most `size + overflow`. @defaultValue `1` */
  readonly minReady?: number;
  /**
   * Calls that may wait beyond what the pool can run at once: a call is refused when as many wait as this, besides those for which `size + overflow`
   * workers have a place. Workers that are starting, or not yet started, count like ready ones, so a start frees nothing in the queue.
   * Calls that wait for one certain worker always count. 0: none waits but for a worker on its way. `Infinity`: no limit.
   *
   * @defaultValue `1000`
   */
  readonly maxQueue?: number;
  /**
   * Bytes of arguments that may wait: strings, buffers and about 8 for everything else, estimated when a call has to wait. A call that would make it more
   * is refused, unless no other waits. What runs, finds a free place at once or was sent ahead is not counted. 0: one call waits at a time. `Infinity`: no limit, and nothing is weighed.
   *
   * @defaultValue `Infinity`
   */
  readonly maxQueueBytes?: number;
  /**
   * How far short calls are sent ahead to a worker that has not answered those before them; `false`: not at all. Only where `queue` and `selection` allow it, as
   * `fifo()`, `leastBusy()` and `roundRobin()` do; never a stream, nor a call of a function with a `concurrency` of its own.
   *
   * @defaultValue the defaults of {@link PrefetchOptions}
   */
  readonly prefetch?: false | PrefetchOptions;
  /** Budget of a whole call, see {@link PoolCallOptions.timeoutMs}. Streams have none. @defaultValue `60_000` */
  readonly timeoutMs?: number;
  /** Budget of the wait for a worker, see {@link PoolCallOptions.checkoutTimeoutMs}. @defaultValue `10_000` */
  readonly checkoutTimeoutMs?: number;
  /** Budget of a run, see {@link PoolCallOptions.executionTimeoutMs}. Streams have none. @defaultValue `45_000` */
  readonly executionTimeoutMs?: number;
  /** Budget of an item, see {@link PoolCallOptions.itemTimeoutMs}. @defaultValue `Infinity` */
  readonly itemTimeoutMs?: number;
  /**
   * Budget of one start. Until the pool has had its first ready worker it also bounds the wait of a call, in place of `checkoutTimeoutMs` and
   * `timeoutMs`, which count from that moment on. Above 0. `Infinity`: none.
   *
   * @defaultValue `120_000`
   */
  readonly startTimeoutMs?: number;
  /** How often a call may be given to a worker: again when it provably never ran, or is idempotent, and its worker died. 1: never again. 0 is refused, `Infinity`: as often as it takes. @defaultValue `3` */
  readonly maxAttempts?: number;
  /**
   * The pause after the first failed start. It doubles with each further one in a row, up to `maxStartBackoffMs`, and is spread by chance between half
   * and all of that. Above 0 and finite.
   *
   * @defaultValue `100`
   */
  readonly startBackoffMs?: number;
  /** The longest pause between failed starts, which are the probes while the circuit is open. Above 0 and finite. @defaultValue `30_000` */
  readonly maxStartBackoffMs?: number;
  /**
   * Starts that may fail in a row before the circuit opens: from then on calls that no ready worker can take fail at once as `circuit-open`, until a probe
   * has started a worker. Failures side by side count as one; one that is not `retryable` opens it at once. At least 1. `Infinity`: it never opens.
   *
   * @defaultValue `3`
   */
  readonly maxStartFailures?: number;
  /** Starts that may run side by side; one at a time while starts fail. At least 1. `Infinity`: no limit. @defaultValue `8` */
  readonly startConcurrency?: number;
  /** Which worker serves a call. @defaultValue `leastBusy()` */
  readonly selection?: SelectionStrategy;
  /** In which order calls are served. @defaultValue `fifo()` */
  readonly queue?: QueueDiscipline;
  /**
   * Workers' worth of free places kept ready ahead of need, within `size + overflow`: while as many workers are busy as there are, the next one
   * is started already. 0: none. Finite.
   *
   * @defaultValue `0`
   */
  readonly minIdle?: number;
  /**
   * Calls after which a worker is due to be replaced. It serves on until its turn comes, except with 1: then each call has a worker of its own, which is
   * replaced once it has left. At least 1. `Infinity`: never.
   *
   * @defaultValue `Infinity`
   */
  readonly maxCalls?: number;
  /** Time since it became ready after which a worker is due to be replaced. Above 0. `Infinity`: never. @defaultValue `Infinity` */
  readonly maxAgeMs?: number;
  /**
   * Private memory, that of a worker's descendants included, beyond which it is due to be replaced, after the calls it has; looked at every
   * `memoryIntervalMs`. Above 0. `Infinity`: no limit.
   *
   * @defaultValue `Infinity`
   */
  readonly maxMemoryBytes?: number;
  /**
   * The same beyond which a worker is ended at once, with the calls it has: their error is `worker-exited`. At least `maxMemoryBytes` where
   * both are given. `Infinity`: no limit.
   *
   * @defaultValue `Infinity`
   */
  readonly hardMaxMemoryBytes?: number;
  /** How often the memory of workers is looked at that have served a call since. Above 0. Finite. @defaultValue `1_000` */
  readonly memoryIntervalMs?: number;
  /**
   * By how much the limits of a worker may lie below those given, drawn anew for each worker, so that equal ones do not become due together; not
   * `hardMaxMemoryBytes`. From 0, none, to 1.
   *
   * @defaultValue `0.1`
   */
  readonly recycleJitter?: number;
  /**
   * How a worker is replaced that is due, or from before a `reload()`: `before`, its replacement is ready before it takes no more calls, which
   * needs room for one worker more than `size + overflow`, and its slot; `after`, its replacement starts when it is gone.
   *
   * @defaultValue `'before'`
   */
  readonly replace?: ReplaceOrder;
  /**
   * How long a stream may stay unread, while it runs or waits, until it is taken for leaked and the event `leak` tells where it was opened; found after once
   * to one and a half times as long. Only streams that are opened while somebody listens to `leak` are watched. 0 or `Infinity`: none is; those that were
   * dropped are told of all the same.
   *
   * @defaultValue `300_000` (5 min)
   */
  readonly leakAfterMs?: number;
  /**
   * How long `close()` lets calls go on before it ends them, and how long a worker that leaves may take to stop. 0: ends at once.
   * `Infinity`: waits as long as they take.
   *
   * @defaultValue `10_000`
   */
  readonly closeTimeoutMs?: number;
  /** Time. @defaultValue `systemClock` */
  readonly clock?: Clock;
  /** Numbers from 0 up to 1 that spread the pauses between failed starts. @defaultValue `Math.random` */
  readonly random?: () => number;
}

/** {@link PoolOptions} with nothing left open. */
export type ResolvedPoolOptions = Required<Omit<PoolOptions, 'prefetch'>> & {
  readonly prefetch: ResolvedPrefetch;
};
