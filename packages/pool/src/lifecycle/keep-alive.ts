import type { Clock, ClockHold } from '../clock/clock.js';

/** Keeps the process alive exactly while somebody waits for something. */
export class KeepAlive {
  readonly #hold: ClockHold;
  #held = false;

  constructor(clock: Clock) {
    this.#hold = clock.hold();
  }

  while(needed: boolean): void {
    if (needed === this.#held) return;
    this.#held = needed;
    if (needed) this.#hold.take();
    else this.#hold.release();
  }
}
