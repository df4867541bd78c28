// The pool
export { createPythonPool, pythonPool } from './python-pool.js';
export type { PythonPool, PythonPoolEvents } from './join-layers.js';
export type { PythonPoolOptions } from './options.js';
export type {
  CallBegin,
  CallEnd,
  CallFunctions,
  CallItem,
  CallObserver,
  CallRetry,
  CallWatch,
  CloseOptions,
  MapItems,
  MapOptions,
  ObservedCall,
  PoolCallOptions,
  PoolHealth,
  PoolMap,
  PoolStats,
  PoolStatus,
  PoolStream,
  RunningCall,
  TraceContext,
  WaitingCall,
  WaitsFor,
  WorkerStatus,
} from '@pypool/pool';
export type { Session, SessionInfo, SessionMetadata, SessionRegistryOptions } from '@pypool/sessions';

// Errors
export {
  AbortError,
  CommunicationError,
  PypoolError,
  PythonError,
  ResourceError,
  SystemError,
  TimeoutError,
  UsageError,
  isPypoolError,
} from '@pypool/protocol';
export type { DumpedCall, DumpedTask, DumpedThread, WorkerDump } from '@pypool/protocol';
export type { ErrorCategory, ErrorCode, Outcome, PythonFailure, PythonFrame } from '@pypool/protocol';

// Values that only Python has
export {
  ArrowIpc,
  NdArray,
  PythonValue,
  arrowIpc,
  arrowType,
  decimal,
  ndarray,
  pyComplex,
  pyDate,
  pyDatetime,
  pyFloat,
  pyFrozenSet,
  pyTime,
  pyTimedelta,
  pyTuple,
  uuid,
} from '@pypool/protocol';
export type { ArrowLibrary, ValueType } from '@pypool/protocol';

// Parts to choose from
export { fair, fifo, leastBusy, lifo, priority, roundRobin } from '@pypool/pool';
export { hint, memoryStore, strictFailFast, strictQueue } from '@pypool/sessions';
export { forkServer, release, spawnLauncher } from '@pypool/worker';
export type { CancelGraces, Engine, ForkServerOptions, LauncherOption, Rung } from '@pypool/worker';
export { pipeTransport } from '@pypool/transport-pipe';
export { socketTransport } from '@pypool/transport-socket';
export type { SocketTransportOptions } from '@pypool/transport-socket';
