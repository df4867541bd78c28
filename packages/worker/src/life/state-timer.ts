import { LONGEST_TIMER_MS } from '../longest-timer.js';

/**
 * How long a worker may stay in the state that it is in; there is one at a time.
 *
 * It ends one turn late: where Node's loop was blocked, timers run before what has arrived is read, and what has arrived may be the very
 * thing that was waited for. It keeps Node alive: whoever waits for a worker to end is told before Node ends.
 */
export class StateTimer {
  #timer: NodeJS.Timeout | undefined;

  /** Call `end` after a while, unless another state begins before. */
  start(delayMs: number, end: () => void): void {
    clearTimeout(this.#timer);
    const timer = setTimeout(
      () =>
        setImmediate(() => {
          if (this.#timer === timer) end();
        }),
      Math.min(delayMs, LONGEST_TIMER_MS),
    );
    this.#timer = timer;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
