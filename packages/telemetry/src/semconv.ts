/**
 * Every name that this package gives to anything.
 *
 * Where a semantic convention applies (`rpc.*`, `error.type`, `exception.*`, `process.pid`, `code.function.name`; version 1.45) its name is used, copied rather
 * than imported, so that `@opentelemetry/api` stays the only dependency. Pools follow the shape of `db.client.connection.*`, in a namespace of ours.
 */

/** Of the tracer and the meter. */
export const SCOPE_NAME = '@pypool/telemetry';

/** What `rpc.system.name` says. */
export const RPC_SYSTEM = 'pypool';

/** Stands for a name that is of no function: as the conventions of `rpc.method` say, so that callers cannot invent labels. */
export const OTHER_METHOD = '_OTHER';

export const ATTR = {
  RPC_SYSTEM_NAME: 'rpc.system.name',
  RPC_METHOD: 'rpc.method',
  RPC_METHOD_ORIGINAL: 'rpc.method_original',
  ERROR_TYPE: 'error.type',
  EXCEPTION_STACKTRACE: 'exception.stacktrace',
  PROCESS_PID: 'process.pid',
  CODE_FUNCTION_NAME: 'code.function.name',

  POOL_NAME: 'pypool.pool.name',
  CALL_KIND: 'pypool.call.kind',
  CALL_OUTCOME: 'pypool.call.outcome',
  ATTEMPT: 'pypool.attempt.number',
  ATTEMPTS: 'pypool.call.attempts',
  QUEUE_WAIT: 'pypool.queue.wait_time',
  AHEAD_WAIT: 'pypool.worker.wait_time',
  USE_TIME: 'pypool.worker.use_time',
  STREAM_ITEMS: 'pypool.stream.items',
  STREAM_BYTES: 'pypool.stream.bytes',
  STREAM_LEFT: 'pypool.stream.left',
  /** On spans and logs alone, never on a metric. */
  SESSION_ID: 'pypool.session.id',
  /** On spans and logs alone, never on a metric. */
  WORKER_ID: 'pypool.worker.id',
  WORKER_STATE: 'pypool.worker.state',
  SHARED_MEMORY_STATE: 'pypool.shared_memory.state',
  EXIT_REASON: 'pypool.worker.exit.reason',
  LOGGER_NAME: 'pypool.log.logger',
  LOG_SOURCE: 'pypool.log.source',
} as const;

export const SPAN = { QUEUE: 'pypool.queue' } as const;

export const EVENT = {
  BEGAN: 'pypool.began',
  TAKEN_BACK: 'pypool.taken_back',
  RETRIED: 'pypool.retried',
  FIRST_ITEM: 'pypool.first_item',
} as const;

export const METRIC = {
  CALL_DURATION: 'rpc.client.call.duration',
  CALL_COUNT: 'pypool.call.count',
  CALL_RETRIES: 'pypool.call.retries',
  QUEUE_DEPTH: 'pypool.queue.depth',
  QUEUE_WAIT: 'pypool.queue.wait_time',
  WORKER_COUNT: 'pypool.worker.count',
  WORKER_MIN: 'pypool.worker.min',
  WORKER_MAX: 'pypool.worker.max',
  WORKER_STARTS: 'pypool.worker.starts',
  WORKER_CREATE_TIME: 'pypool.worker.create_time',
  WORKER_USE_TIME: 'pypool.worker.use_time',
  WORKER_EXITS: 'pypool.worker.exits',
  WORKER_MEMORY: 'pypool.worker.memory.usage',
  SHARED_MEMORY: 'pypool.shared_memory.usage',
  PREFETCH_TAKEN_BACK: 'pypool.prefetch.taken_back',
  SESSION_COUNT: 'pypool.session.count',
} as const;

/**
 * Bounds in seconds that are advised for calls and waits. Those of the convention begin at 5 ms and end at 10 s; calls take from 30 us to minutes. A
 * View of the SDK may say otherwise.
 */
export const CALL_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  120, 300,
];

/** Bounds in seconds that are advised for starts of workers: from a fork to the import of a large model. */
export const CREATE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];
