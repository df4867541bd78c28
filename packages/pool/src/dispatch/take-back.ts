import type { Attempt } from '../call/attempt.js';
import type { Clock, ClockTimer } from '../clock/clock.js';
import type { Roster } from '../worker/roster.js';
import type { WorkerRecord } from '../worker/worker-record.js';

/**
 * Takes calls back that were sent ahead and have not begun for too long, whether one call before them goes on or each takes a little more than was
 * expected: one timer for all workers, which is armed while any call is ahead and looks at the workers when it fires, so that a call costs it nothing.
 *
 * To ask is not to have: until the worker gives a call back it counts as that worker's.
 */
export class TakeBack {
  readonly #clock: Clock;
  readonly #roster: Roster;
  readonly #afterMs: number;
  #timer: ClockTimer | undefined;

  constructor(clock: Clock, roster: Roster, afterMs: number) {
    this.#clock = clock;
    this.#roster = roster;
    this.#afterMs = afterMs;
  }

  /** A call was sent ahead. */
  watch(): void {
    if (this.#timer === undefined) this.#arm(this.#afterMs);
  }

  /** Ask a worker for all that it has not begun. */
  ask(record: WorkerRecord): void {
    if (record.ahead === 0) return;
    const wanted: Attempt[] = [];
    for (const attempt of record.running) {
      if (!attempt.ahead || attempt.askedBack) continue;
      attempt.askedBack = true;
      wanted.push(attempt);
    }
    record.askedBack += wanted.length;
    if (wanted.length > 0) record.worker?.revoke?.(wanted);
  }

  /** No call is open, and none will be. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => this.#clock.afterInput(() => this.#look()));
  }

  /** What has arrived was read before: a loop that was blocked is no reason to ask. */
  #look(): void {
    if (this.#timer === undefined) return;
    this.#timer = undefined;
    const now = this.#clock.now();
    let next = Infinity;
    for (const record of [...this.#roster.all]) {
      const first = firstAhead(record);
      if (first === undefined) continue;
      const leftMs = first.since + this.#afterMs - now;
      if (leftMs > 0) next = Math.min(next, leftMs);
      else this.ask(record);
    }
    if (next < Infinity && this.#timer === undefined) this.#arm(next);
  }
}

/** What has waited for longest there, of that which it was not asked for. */
function firstAhead(record: WorkerRecord): Attempt | undefined {
  if (record.ahead === 0) return undefined;
  for (const attempt of record.running) if (attempt.ahead && !attempt.askedBack) return attempt;
  return undefined;
}
