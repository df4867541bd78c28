import type { PypoolError } from '@pypool/protocol';

/**
 * Whether workers can be started: `closed`, they can, or it is too early to say; `open`, start after start has failed, and calls that only a new
 * worker could take are refused; `half-open`, the same while one start, the probe, is under way.
 */
export type CircuitState = 'closed' | 'open' | 'half-open';

/**
 * Opens after so many failed starts in a row, and closes with the first good one.
 *
 * It only says how things stand: the pauses between probes are those between failed starts, and who is refused is the pool's to decide.
 */
export class CircuitBreaker {
  readonly #maxFailures: number;
  #state: CircuitState = 'closed';
  #openedAt = 0;

  /** @param maxFailures failures in a row that open it; `Infinity`: none do */
  constructor(maxFailures: number) {
    this.#maxFailures = maxFailures;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** When it opened, by the pool's clock, where it is not closed. */
  get openedAt(): number {
    return this.#openedAt;
  }

  /** A start begins. @returns whether it is a probe */
  startBegins(): boolean {
    if (this.#state !== 'open') return false;
    this.#state = 'half-open';
    return true;
  }

  /**
   * A start failed, and no other is under way that might still succeed.
   *
   * @param failures rounds of failed starts in a row, this one included
   * @returns whether it opens now, for the first time or after a probe
   */
  startFailed(failures: number, error: PypoolError, now: number): boolean {
    if (this.#maxFailures === Infinity) return false;
    if (this.#state === 'closed') {
      // A reason that stays needs no second try to be believed.
      if (failures < this.#maxFailures && error.retryable) return false;
      this.#openedAt = now;
    }
    this.#state = 'open';
    return true;
  }

  /** A start was given up that may have been the probe: the next one is. */
  startAbandoned(): void {
    if (this.#state === 'half-open') this.#state = 'open';
  }

  /** A worker is ready. @returns whether it had been open */
  startSucceeded(): boolean {
    const wasOpen = this.#state !== 'closed';
    this.#state = 'closed';
    return wasOpen;
  }
}
