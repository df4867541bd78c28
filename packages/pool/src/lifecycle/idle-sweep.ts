import type { Clock, ClockTimer } from '../clock/clock.js';
import type { Roster } from '../worker/roster.js';
import type { WorkerRecord } from '../worker/worker-record.js';

/** Lets workers above `size` go once they have rested long enough. One timer, and none while there is no overflow. */
export class IdleSweep {
  readonly #clock: Clock;
  readonly #roster: Roster;
  readonly #idleTimeoutMs: number;
  readonly #minIdle: number;
  readonly #onIdle: (record: WorkerRecord) => void;
  #timer: ClockTimer | undefined;

  constructor(
    clock: Clock,
    roster: Roster,
    idleTimeoutMs: number,
    minIdle: number,
    onIdle: (record: WorkerRecord) => void,
  ) {
    this.#clock = clock;
    this.#roster = roster;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#minIdle = minIdle;
    this.#onIdle = onIdle;
  }

  /** See to it that a timer is armed where one is needed. Cheap: called after every event. */
  watch(): void {
    if (this.#timer !== undefined || this.#roster.ready.length <= this.#roster.size) return;
    if (this.#idleTimeoutMs === Infinity || !this.#hasSpare) return;
    const now = this.#clock.now();
    let leavesAt = Infinity;
    for (const record of this.#roster.ready) {
      if (record.overflow) leavesAt = Math.min(leavesAt, this.#leavesAt(record, now));
    }
    if (leavesAt === Infinity) return;
    this.#timer = this.#clock.after(leavesAt - now, () => this.#sweep());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    // From the highest slot down: the marks move when one leaves.
    for (const record of [...this.#roster.ready].reverse()) {
      const rested = this.#leavesAt(record, now) <= now;
      if (record.overflow && rested && this.#hasSpare) this.#onIdle(record);
    }
    this.watch();
  }

  /** Whether one can go and leave `minIdle` behind. */
  get #hasSpare(): boolean {
    const { freePlaces, placesPerWorker } = this.#roster;
    return this.#minIdle === 0 || freePlaces >= (this.#minIdle + 1) * placesPerWorker;
  }

  /** A busy one rests from now on at the earliest, and is looked at again then; without any time to rest, when it has answered. */
  #leavesAt({ inFlight, bound, idleSince }: WorkerRecord, now: number): number {
    if (inFlight === 0 && bound.size === 0) return idleSince + this.#idleTimeoutMs;
    return this.#idleTimeoutMs === 0 ? Infinity : now + this.#idleTimeoutMs;
  }
}
