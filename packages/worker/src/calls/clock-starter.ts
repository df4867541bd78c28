import type { OpenCall } from './call-table.js';

const SETTLED = Promise.resolve();

/**
 * Starts the clocks of calls when their bytes leave.
 *
 * That is at the end of the turn in which they were made. What the program still does in that turn is no time of the worker, which has
 * not been asked yet.
 */
export class ClockStarter {
  #leaving: OpenCall[] = [];

  /** Start the clock of a call that was just sent. */
  later(open: OpenCall): void {
    if (this.#leaving.push(open) === 1) void SETTLED.then(this.#afterMicrotasks);
  }

  /** By the same steps as a channel flushes, and asked for after the sending: so this comes behind the flush. */
  readonly #afterMicrotasks = (): void => {
    process.nextTick(this.#start);
  };

  readonly #start = (): void => {
    const now = performance.now();
    for (const open of this.#leaving) open.startedAt = open.lastItemAt = now;
    this.#leaving = [];
  };
}
