import type { ExposedFunction, WorkerDump } from '@pypool/protocol';
import type { WorkerEvents } from '../events.js';
import type { WorkerExit } from '../life/exit.js';
import type { LoneCallOptions } from './call-options.js';

/** How a {@link LoneWorker} is closed. */
export interface LoneCloseOptions {
  /** How long running and waiting calls may go on before they are ended. 0: ended at once. `Infinity`: as long as they take. @defaultValue `10_000` */
  readonly timeoutMs?: number;
}

/**
 * One Python process for those who want no pool. Made by `startPythonWorker()`.
 *
 * Calls begin in the order in which they are made, as many at once as `concurrency` allows (one, unless set); those that wait wait here, where they can be withdrawn at no cost. It is
 * never replaced: when it has ended, whatever ended it, every further call rejects as `worker-exited`. It keeps Node alive exactly while a
 * call or stream is open or it closes.
 */
export interface LoneWorker extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** Version of the interpreter, for example `"3.11.7"`. */
  readonly pythonVersion: string;
  /** What it serves. */
  readonly functions: readonly ExposedFunction[];
  /** Resolves when it has ended, every call of it is answered and nothing of it is left; never rejects. */
  readonly exited: Promise<WorkerExit>;

  /**
   * Run a function.
   *
   * @param args - An array is positional, a plain object is keywords, `{ args, kwargs }` both.
   * @throws PypoolError always as a rejection: what the handler raised is a `python-error`.
   */
  call<T = unknown>(name: string, args?: unknown, options?: LoneCallOptions): Promise<T>;

  /** Run a function that yields many items. It begins now; what goes wrong is met where its items are. */
  stream<T = unknown>(name: string, args?: unknown, options?: LoneCallOptions): LoneStream<T>;

  /** What it does now: the calls that run, and the Python stacks of its threads and tasks. Rejects where it has ended, is stopped, or tells nothing. */
  dump(): Promise<WorkerDump>;

  /** Listen. A listener that throws is an uncaught exception of its own. */
  on<Name extends keyof WorkerEvents>(name: Name, listener: (event: WorkerEvents[Name]) => void): void;
  /** Listen no more. */
  off<Name extends keyof WorkerEvents>(name: Name, listener: (event: WorkerEvents[Name]) => void): void;

  /** Refuse new calls, finish the open ones up to a limit, end what is left. Idempotent; the shortest limit given holds. Rejects for a wrong option only. */
  close(options?: LoneCloseOptions): Promise<WorkerExit>;
  /** End it now, with its calls. Idempotent; never rejects. */
  kill(): Promise<WorkerExit>;
}

/** The items of one stream, for one reader. Leaving the loop ends it between two items. */
export interface LoneStream<T = unknown> extends AsyncIterableIterator<T>, AsyncDisposable {
  return(): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncIterator](): LoneStream<T>;
}
