import type { PypoolError } from '@pypool/protocol';

import type { Clock } from '../clock/clock.js';

/** Whom {@link Reloads} tells. */
export interface ReloadsOwner {
  onReloaded(reloadMs: number): void;
  onReloadFailed(error: PypoolError): void;
}

interface Waiter {
  /** Number of the last start that is too old for it. */
  readonly line: number;
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: PypoolError) => void;
}

/**
 * Those who wait in `reload()`. Each draws a line behind the last start: what was begun before has to go. A later reload moves the line
 * on, over workers that an earlier one had begun, since what they load may have changed again.
 */
export class Reloads {
  readonly #clock: Clock;
  readonly #owner: ReloadsOwner;
  /** Lines never fall from one to the next. */
  #waiters: Waiter[] = [];

  constructor(clock: Clock, owner: ReloadsOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  get pending(): boolean {
    return this.#waiters.length > 0;
  }

  /** Workers up to this number are to be replaced; 0: none. */
  get line(): number {
    return this.#waiters.at(-1)?.line ?? 0;
  }

  /** @param line number of the last start */
  wait(line: number): Promise<void> {
    const since = this.#clock.now();
    return new Promise((resolve, reject) => this.#waiters.push({ line, since, resolve, reject }));
  }

  /** @param oldest number of the oldest worker that is left @param complete whether as many are ready as there should be */
  advance(oldest: number, complete: boolean): void {
    if (!complete) return;
    for (const { since, resolve } of this.#take(({ line }) => line < oldest)) {
      this.#owner.onReloaded(this.#clock.now() - since);
      resolve();
    }
  }

  /** A start failed: those who wait for workers of its kind are told, and whoever is left of the old ones stays. @returns whether anybody was told */
  startFailed(number: number, why: () => PypoolError): boolean {
    return this.#reject(({ line }) => line < number, why);
  }

  fail(why: () => PypoolError): void {
    this.#reject(() => true, why);
  }

  #reject(which: (waiter: Waiter) => boolean, why: () => PypoolError): boolean {
    const taken = this.#take(which);
    for (const { reject } of taken) {
      const error = why();
      this.#owner.onReloadFailed(error);
      reject(error);
    }
    return taken.length > 0;
  }

  #take(which: (waiter: Waiter) => boolean): Waiter[] {
    const taken = this.#waiters.filter(which);
    if (taken.length > 0) this.#waiters = this.#waiters.filter((waiter) => !taken.includes(waiter));
    return taken;
  }
}
