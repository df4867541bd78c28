import { LONGEST_TIMER_MS } from '../longest-timer.js';

/**
 * One lazy timer for all budgets of one worker.
 *
 * Calls ask for it and never give it back: it is armed for the earliest moment asked for, and when it fires, whoever owns it looks what
 * is due and says when to look again. So a call that stays within its budget costs a comparison.
 */
export class BudgetTimer {
  readonly #check: (now: number) => number;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Infinity;
  #stopped = false;

  /** @param check - ends what is due at `now` and returns the next moment at which something may be, `Infinity` for none. */
  constructor(check: (now: number) => number) {
    this.#check = check;
  }

  /** Have `check` called at `dueAt` (by `performance.now()`) or before. */
  ask(dueAt: number): void {
    if (dueAt >= this.#dueAt || this.#stopped) return;
    this.#dueAt = dueAt;
    clearTimeout(this.#timer);
    // At most what a timer can hold; it looks and waits on.
    const delay = Math.min(LONGEST_TIMER_MS, Math.max(0, dueAt - performance.now()));
    // Who waits for the call keeps Node alive, not the clock that measures it.
    this.#timer = setTimeout(() => setImmediate(() => this.#fire()), delay).unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /**
   * Runs one turn after the timer: where the loop was blocked, timers run before what has arrived is read, and an answer that is in
   * the socket already must not be judged late.
   */
  #fire(): void {
    if (this.#stopped) return;
    this.#dueAt = Infinity;
    this.ask(this.#check(performance.now()));
  }
}
