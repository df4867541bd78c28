import type { PypoolError, WelcomeModule } from '@pypool/protocol';
import type { ProcessWorker } from './process-worker.js';
import { isStartTimeout, startTimedOut, type StartProgress } from './start-timeout.js';

/** A start that its signal ends wherever it stands; a `start-timeout` is told where that was. */
export class StartWatch {
  readonly signal: AbortSignal;
  readonly #modules: readonly WelcomeModule[];
  readonly #onLate: (error: PypoolError) => void;
  #worker: ProcessWorker | undefined;
  #importing: (() => StartProgress | undefined) | undefined;
  #reason: unknown;

  constructor(signal: AbortSignal, modules: readonly WelcomeModule[], onLate: (error: PypoolError) => void) {
    this.signal = signal;
    this.#modules = modules;
    this.#onLate = onLate;
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  /** Another process imports the modules for it, and there is none of its own yet. */
  importing(progress: () => StartProgress | undefined): void {
    this.#importing = progress;
  }

  /** There is a process now, perhaps too late. */
  launched(worker: ProcessWorker): void {
    this.#worker = worker;
    if (this.signal.aborted) void worker.kill();
  }

  /** It is over: the signal means nothing any more. */
  end(): void {
    this.signal.removeEventListener('abort', this.#onAbort);
  }

  /** Why it failed. What comes of giving it up does not count. */
  why(error: unknown): unknown {
    return this.signal.aborted ? this.#reason : error;
  }

  readonly #onAbort = (): void => {
    this.#reason = this.signal.reason;
    if (isStartTimeout(this.#reason)) {
      this.#reason = startTimedOut(
        this.#reason,
        this.#modules,
        this.#worker === undefined ? this.#importing?.() : this.#worker.progress,
      );
      this.#onLate(this.#reason as PypoolError);
    }
    void this.#worker?.kill();
  };
}
