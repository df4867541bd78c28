import type { PythonFrame } from '../errors/python-error.js';

/** What one worker does at one moment. Stacks have the most recent call first. */
export interface WorkerDump {
  readonly workerId: string;
  readonly pid: number;
  /**
   * `asked`: the worker told. `signalled`: it could not, for C code holds its interpreter, and the stacks were written from a signal, without it: then threads have
   * no names, frames no source line, and of tasks nothing is known. A signal ends a `sleep` or a wait in C code that does not go on by itself.
   */
  readonly how: 'asked' | 'signalled';
  /** When, in milliseconds since the Unix epoch. */
  readonly takenAt: number;
  /** The calls that run. */
  readonly calls: readonly DumpedCall[];
  /** Its threads, those of pypool's own left out where it told itself. */
  readonly threads: readonly DumpedThread[];
  /** The tasks of the event loop of its asynchronous handlers; `undefined` where there is none, or that is not known. */
  readonly tasks: readonly DumpedTask[] | undefined;
}

/** A call that runs, and where. */
export interface DumpedCall {
  /** As `current_call().id` in Python. */
  readonly id: number;
  readonly kind: 'call' | 'stream';
  readonly name: string;
  /** When it began, in milliseconds since the Unix epoch. */
  readonly since: number;
  /** Without the frames of the runtime that led there. Empty where it is not known which stack is its. */
  readonly frames: readonly PythonFrame[];
}

/** A thread of a worker. */
export interface DumpedThread {
  /** As `threading.get_ident()` has it. */
  readonly id: number;
  readonly name: string | undefined;
  /** It runs the handlers, where there are no threads for them. */
  readonly main: boolean;
  readonly frames: readonly PythonFrame[];
}

/** A task of a worker's event loop. */
export interface DumpedTask {
  readonly name: string;
  readonly frames: readonly PythonFrame[];
}
