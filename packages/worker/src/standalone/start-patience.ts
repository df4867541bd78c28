import { createError } from '@pypool/protocol';
import { LONGEST_TIMER_MS } from '../longest-timer.js';

/** What a {@link StartPatience} is made of. */
export interface StartPatienceParts {
  readonly workerId: string;
  readonly startTimeoutMs: number;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
}

/** How long a start may take: the caller's signal and the start budget in one signal, each with an error of ours as its reason. */
export class StartPatience {
  readonly #parts: StartPatienceParts;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(parts: StartPatienceParts) {
    this.#parts = parts;
    if (parts.startTimeoutMs <= LONGEST_TIMER_MS) {
      // What has arrived by now is read first: a READY that lies in the socket must not be judged late.
      this.#timer = setTimeout(() => setImmediate(this.#onLate), parts.startTimeoutMs).unref();
    }
    parts.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (parts.signal?.aborted === true) this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** It has started, or failed to. */
  end(): void {
    clearTimeout(this.#timer);
    this.#parts.signal?.removeEventListener('abort', this.#onAbort);
  }

  readonly #onLate = (): void => {
    const { workerId, startTimeoutMs } = this.#parts;
    this.#abort.abort(
      createError({
        code: 'start-timeout',
        message: `Worker ${workerId} was not ready within startTimeoutMs (${startTimeoutMs} ms); raise it if a start needs longer.`,
        context: { workerId, startTimeoutMs },
      }),
    );
  };

  readonly #onAbort = (): void => {
    const { workerId, signal } = this.#parts;
    this.#abort.abort(
      createError({
        code: 'aborted',
        message: `The start of worker ${workerId} was aborted by its signal.`,
        context: { workerId },
        cause: signal?.reason,
      }),
    );
  };
}
