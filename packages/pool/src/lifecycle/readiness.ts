import type { PypoolError } from '@pypool/protocol';

import type { Roster } from '../worker/roster.js';

/** Those who wait in `ready()`. */
export class Readiness {
  readonly #roster: Roster;
  readonly #minReady: () => number;
  #waiters: { resolve: () => void; reject: (error: PypoolError) => void }[] = [];

  /** @param minReady how many ready workers are waited for; asked anew each time */
  constructor(roster: Roster, minReady: () => number) {
    this.#roster = roster;
    this.#minReady = minReady;
  }

  /** Workers that somebody waits for: a lazy pool starts them. */
  get wanted(): number {
    return this.#waiters.length === 0 ? 0 : this.#minReady();
  }

  wait(): Promise<void> {
    if (this.#roster.ready.length >= this.#minReady()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** The number of ready workers has grown. */
  grown(): void {
    if (this.#roster.ready.length >= this.#minReady()) for (const { resolve } of this.#take()) resolve();
  }

  /** A start failed: with too few under way to make up for it, those who wait are told why. */
  startFailed(error: PypoolError): void {
    if (this.#roster.ready.length + this.#roster.starting < this.#minReady()) this.fail(error);
  }

  fail(error: PypoolError): void {
    for (const { reject } of this.#take()) reject(error);
  }

  #take() {
    const waiters = this.#waiters;
    this.#waiters = [];
    return waiters;
  }
}
