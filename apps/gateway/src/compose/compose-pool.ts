import { createPool, priority, type Pool, type PoolCallOptions, type PoolStream } from '@pypool/pool';
import { sessionPool, type SessionPool } from '@pypool/sessions';
import { createPythonWorkers, type PythonWorkers } from '@pypool/worker';
import { Catalogue } from '../functions/catalogue.js';
import type { ResolvedGatewayOptions } from '../options.js';

/** The layers, joined: each is handed what is below it, and none knows what is above. */
export interface ComposedPool {
  /** One process each, with its transport: what starts Python. */
  readonly workers: PythonWorkers;
  /** What they serve. */
  readonly catalogue: Catalogue;
  /** Many of them behind one door. */
  readonly pool: Pool;
  /** Who they work for. */
  readonly front: SessionPool;
}

/** Whatever calls: the pool, or a session of it. */
export interface Caller {
  call(name: string, args: unknown, options: PoolCallOptions): Promise<unknown>;
  stream(name: string, args: unknown, options: PoolCallOptions): PoolStream<unknown>;
}

/** What the arguments of all calls that wait may hold: a thousand bodies of the largest size would be 16 GiB. */
const MAX_QUEUE_BYTES = 512 * 1024 ** 2;

/**
 * Join worker, pool and sessions by hand, which is what the preset `pypool` does for those who want no more than that.
 *
 * Nothing is awaited: the workers start in the background, so that probes are answered while a model loads.
 *
 * @throws PypoolError `invalid-options`, or `start-failed` where there is no Python
 */
export function composePool(options: ResolvedGatewayOptions): ComposedPool {
  const { module, python, engine, concurrency, launcher, size, overflow, maxQueue, timeoutMs } = options;
  const { prefetch } = options;
  const workers = createPythonWorkers({
    module,
    ...(python !== undefined && { python }),
    ...(engine !== undefined && { engine }),
    ...(concurrency !== undefined && { concurrency }),
    launcher,
    // OpenAPI, the checks of arguments and the form on the page are made of them.
    signatures: true,
  });
  const catalogue = new Catalogue();
  const pool = createPool({
    name: options.name,
    factory: catalogue.watching(workers),
    size,
    overflow,
    maxQueue,
    maxQueueBytes: MAX_QUEUE_BYTES,
    timeoutMs,
    // A call may run as long as it may take, unless a function says otherwise.
    executionTimeoutMs: Infinity,
    start: 'background',
    // Requests may say how urgent they are: what a worker was sent ahead, a millisecond of short calls, goes before.
    queue: priority({ sendsAhead: prefetch }),
    prefetch: prefetch ? {} : false,
  });
  const front = sessionPool(pool, { maxSessions: options.maxSessions, ttlMs: options.sessionTtlMs });
  return { workers, catalogue, pool, front };
}
