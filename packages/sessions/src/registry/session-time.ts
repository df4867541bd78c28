import type { SessionClock } from './options.js';

/**
 * Time that people can read and that never goes back: counted from the epoch as it was when the registry was made, so that a
 * step of the system's clock neither expires sessions nor keeps them.
 */
export class SessionTime {
  readonly #clock: SessionClock;
  readonly #epochOfZero: number;

  constructor(clock: SessionClock) {
    this.#clock = clock;
    this.#epochOfZero = clock.epochMs() - clock.now();
  }

  now(): number {
    return Math.round(this.#epochOfZero + this.#clock.now());
  }
}
