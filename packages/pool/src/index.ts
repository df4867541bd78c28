// Strategies: which worker
export { hasFreePlace } from './strategies/selection.js';
export type { SelectableCall, SelectableWorker, SelectionStrategy } from './strategies/selection.js';
export { leastBusy } from './strategies/least-busy.js';
export { roundRobin } from './strategies/round-robin.js';

// Contract with those who provide workers
export type { PoolWorker, PoolWorkerObserver, WorkerExit, WorkerFactory, WorkerRequest } from './contract.js';

// The pool
export { createPool } from './create-pool.js';
export type { Pool, PoolStream } from './pool.js';
export { endingOf } from './call/stream-face.js';
export { mapCalls } from './map/call-map.js';
export type { MapCaller, MapItems, PoolMap } from './map/call-map.js';
export type { MapOptions } from './map/map-options.js';
export type { PoolCallOptions } from './options/call-options.js';
export type { PoolOptions, StartMode } from './options/pool-options.js';
export type { PrefetchOptions } from './options/prefetch-options.js';
export type { CircuitState } from './lifecycle/circuit-breaker.js';
export type { CloseOptions, PoolState } from './lifecycle/closing.js';

// What it tells
export { POOL_EVENT_NAMES } from './observe/events.js';
export type {
  CallBegin,
  CallEnd,
  CallItem,
  CallObserver,
  CallRetry,
  CallWatch,
  ObservedCall,
  TraceContext,
} from './observe/call-observer.js';
export type {
  LeakedStream,
  LoadEvent,
  PoolEventName,
  PoolEvents,
  PoolListener,
  WorkerEvent,
} from './observe/events.js';
export type { HealthStatus, PoolHealth } from './observe/health.js';
export type { PoolStats } from './observe/stats.js';
export type { WaitingCall, WaitsFor } from './observe/waiting.js';
export type { PoolStatus, RunningCall, WorkerStatus } from './observe/status.js';
export type { LimitReached, ReplaceOrder } from './strategies/recycling.js';
export type { RetireReason } from './worker/worker-record.js';

// Strategies: in which order
export { CallList } from './call/call-list.js';
export type { CallListEntry } from './call/call-list.js';
export type { CallQueue, QueueDiscipline, QueuedCall } from './strategies/queue.js';
export { fifo } from './strategies/fifo.js';
export { lifo } from './strategies/lifo.js';
export { priority } from './strategies/priority.js';
export type { PriorityOptions } from './strategies/priority.js';
export { fair } from './strategies/fair.js';
export type { FairOptions } from './strategies/fair.js';

// Time
export { systemClock } from './clock/system-clock.js';
export type { Clock, ClockHold, ClockTimer } from './clock/clock.js';

// Typed functions over whatever can call
export { functionsOf } from './functions.js';
export type { CallFunctions, Caller } from './functions.js';
