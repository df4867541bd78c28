/** How a {@link Backoff} grows. */
export interface BackoffOptions {
  /** Failures in a row that cost no pause. */
  readonly free: number;
  readonly firstMs: number;
  readonly longestMs: number;
  /** Numbers from 0 up to 1. */
  readonly random: () => number;
}

/**
 * Pauses between failures in a row: doubled each time, up to a limit, and spread by half so that pools that failed together do not
 * try again together.
 *
 * What is tried is numbered in the order it began. Failures of tries begun side by side are one failure: what began before the last
 * failure was counted says nothing new.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;
  /** Tries up to this number are accounted for. */
  #accounted = 0;
  #until = -Infinity;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** When the pause ends; in the past where there is none. */
  get until(): number {
    return this.#until;
  }

  /**
   * @param tried number of the try that failed
   * @param latest number of the last one begun
   */
  failed(tried: number, latest: number, now: number): void {
    if (tried <= this.#accounted) return;
    const { free, firstMs, longestMs, random } = this.#options;
    this.#failures += 1;
    this.#accounted = latest;
    const exponent = this.#failures - free - 1;
    if (exponent < 0) return;
    // From 2^10 on the limit has long been reached; beyond 2^1023 the power would be Infinity, and Infinity * 0 no number.
    const pause = Math.min(longestMs, firstMs * 2 ** Math.min(exponent, 30));
    this.#until = now + pause * (0.5 + random() / 2);
  }

  /** @param tried number of the try that went well, which says nothing where it began before the last failure was counted */
  succeeded(tried = Infinity): void {
    if (tried <= this.#accounted) return;
    this.#failures = 0;
    this.#until = -Infinity;
  }
}
