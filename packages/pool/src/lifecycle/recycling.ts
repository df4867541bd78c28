import type { ClockTimer } from '../clock/clock.js';
import type { ResolvedPoolOptions } from '../options/pool-options.js';
import { callLimit, limitReached, type LimitReached } from '../strategies/recycling.js';
import type { Roster } from '../worker/roster.js';
import type { WorkerRecord } from '../worker/worker-record.js';

/**
 * Knows which workers have reached a limit. It looks when a count of calls, a reading of memory or the timer of the oldest says that one may
 * have, never on the way of a call.
 */
export class Recycling {
  readonly #options: ResolvedPoolOptions;
  readonly #roster: Roster;
  readonly #onDue: () => void;
  #timer: ClockTimer | undefined;
  #timerAt = Infinity;
  #mayBeDue = false;
  #stopped = false;

  /** @param onDue a worker has come of age */
  constructor(options: ResolvedPoolOptions, roster: Roster, onDue: () => void) {
    this.#options = options;
    this.#roster = roster;
    this.#onDue = onDue;
  }

  /** Draw what a worker's limits are: a little apart from its neighbours', so that equal workers do not become due together. */
  begin(record: WorkerRecord): void {
    const { recycleJitter, random, maxCalls } = this.#options;
    record.limitShare = 1 - recycleJitter * random();
    record.callLimit = callLimit(maxCalls, record.limitShare);
  }

  /** A worker became ready: its age counts. */
  ready(record: WorkerRecord): void {
    this.#awaitAge(this.#ageLimit(record));
  }

  /** A worker may have reached a limit. */
  look(): void {
    this.#mayBeDue = true;
  }

  /** Whether {@link Recycling.due} is worth asking. */
  get mayBeDue(): boolean {
    return this.#mayBeDue;
  }

  /** Ready workers that have reached a limit, each with the limit. */
  due(): Map<WorkerRecord, LimitReached> {
    const due = new Map<WorkerRecord, LimitReached>();
    const now = this.#options.clock.now();
    for (const record of this.#roster.ready) {
      const reached = limitReached(record, this.#options, now);
      if (reached !== undefined) due.set(record, reached);
    }
    this.#mayBeDue = due.size > 0;
    return due;
  }

  /** Nobody is due any more: a worker that yet comes up, for calls that a closing pool still has, does not age. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#mayBeDue = false;
  }

  #ageLimit(record: WorkerRecord): number {
    return record.readySince + this.#options.maxAgeMs * record.limitShare;
  }

  /** One timer, for the worker that comes of age first. */
  #awaitAge(at: number): void {
    if (this.#stopped || at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#options.clock.after(at - this.#options.clock.now(), () => this.#come());
  }

  #come(): void {
    const now = this.#options.clock.now();
    this.#timerAt = Infinity;
    for (const record of this.#roster.ready) {
      const at = this.#ageLimit(record);
      if (at > now) this.#awaitAge(at);
      else this.#mayBeDue = true;
    }
    this.#onDue();
  }
}
