import { atEndOfTurn } from '@pypool/protocol';
import { startClock, type OpenCall } from './call-table.js';

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
    // A channel flushes then, too, and has asked before: so this comes behind the flush.
    if (this.#leaving.push(open) === 1) atEndOfTurn(this.#start);
  }

  readonly #start = (): void => {
    const now = performance.now();
    for (const open of this.#leaving) startClock(open, now);
    this.#leaving = [];
  };
}
