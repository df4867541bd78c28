import type {
  ExposedFunction,
  FunctionFacts,
  OutgoingCall,
  PypoolError,
  SharedMemoryUse,
  WorkerDump,
} from '@pypool/protocol';
import type { WorkerExit } from './life/exit.js';

/**
 * One ready Python process, as those see it who give it calls. `@pypool/pool` calls this shape a `PoolWorker`.
 *
 * It answers each call exactly once, whatever dies.
 */
export interface PythonWorker {
  /** How many calls it runs at once. */
  readonly concurrency: number;
  /** What it serves. */
  readonly functions: readonly ExposedFunction[];
  /** What `@expose(...)` says of them beyond their names, by name: only those of which it says something. */
  readonly functionFacts: ReadonlyMap<string, FunctionFacts>;
  /** For `status()`: `{ pid, python, engine }`. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Its private memory and that of its descendants, in bytes; rejects once it is gone. Left out where the system does not tell. */
  memoryBytes?(): Promise<number>;
  /** The memory that it shares with this process, as it stands. Left out where `sharedMemory` is off. */
  sharedMemory?(): SharedMemoryUse;
  /**
   * What it does now: the calls that run, and the Python stacks of its threads and tasks. It disturbs no Python code, and takes seconds at most.
   *
   * Rejects with `worker-exited` where it ends meanwhile, and with `worker-unresponsive` where its process is stopped or tells nothing.
   */
  dump(): Promise<WorkerDump>;
  /** Resolves when it is reaped and every call of it is answered; never rejects. */
  readonly exited: Promise<WorkerExit>;
  /**
   * Begin a call. Never throws; it answers through the call.
   *
   * Buffers over 16 KiB among its arguments are read until it settles and must not be changed or transferred before.
   */
  run(call: OutgoingCall): void;
  /**
   * End a running call, asking first and harder from grace to grace: it answers with `error` when its work has ended, which tells the last
   * `rung` in its context. One that asking did not end costs the worker.
   */
  cancel(call: OutgoingCall, error: PypoolError): void;
  /**
   * Ask for calls back that wait for those before them: each of them that has not started is told so (`onRevoked`), as a rule within a millisecond, and the
   * rest are answered as ever. C code that holds the interpreter keeps the answer back. Ignored for calls that run or are answered.
   *
   * Left out where the runtime cannot: old ones could not.
   */
  revoke?(calls: Iterable<OutgoingCall>): void;
  /** A stream's consumer left: it ends between two items, or where it is if that takes long, and then answers. */
  leave(call: OutgoingCall): void;
  /** Allow a stream more items, and more bytes. */
  grant(call: OutgoingCall, items: number, bytes?: number): void;
  /** Finish what runs, then stop, killing after `timeoutMs` (`Infinity`: never). Idempotent and shared; never rejects. */
  close(options: { readonly timeoutMs: number }): Promise<WorkerExit>;
  /** End it now: its calls fail with `reason`, or as `worker-exited`. Idempotent; never rejects. */
  kill(reason?: PypoolError): Promise<WorkerExit>;
}
