import type { PypoolError } from '@pypool/protocol';

import type { ClockTimer } from '../clock/clock.js';
import { startsWanted } from '../dispatch/starts-wanted.js';
import type { ResolvedPoolOptions } from '../options/pool-options.js';
import { Backoff } from '../worker/backoff.js';
import type { Roster } from '../worker/roster.js';
import type { WorkerRecord } from '../worker/worker-record.js';

/** Rounds of failed starts after which calls that wait for the only hope are told so. */
const ROUNDS_BEFORE_GIVING_UP = 3;

/** A worker that died younger than this hints at a loop of deaths; the figure of jupyter_client's restarter. */
const STABLE_AFTER_MS = 10_000;

/** Whom the policy tells. */
export interface StartPolicyOwner {
  /** A pause is over: starts may be wanted again. */
  reconcile(): void;
}

/** When workers are started: how many steady ones there should be, and how long to pause after failures. */
export class StartPolicy {
  readonly #options: ResolvedPoolOptions;
  readonly #roster: Roster;
  readonly #owner: StartPolicyOwner;
  readonly #failedStarts: Backoff;
  readonly #earlyDeaths: Backoff;
  /** Steady workers of a lazy pool: as many as have been ready at once. */
  #grownTo = 0;
  #lastDeathAt = -Infinity;
  #lastFailure: PypoolError | undefined;
  #pause: ClockTimer | undefined;
  #pauseEndsAt = -Infinity;

  constructor(options: ResolvedPoolOptions, roster: Roster, owner: StartPolicyOwner) {
    this.#options = options;
    this.#roster = roster;
    this.#owner = owner;
    const { random } = options;
    this.#failedStarts = new Backoff({ free: 0, firstMs: 100, longestMs: 30_000, random });
    this.#earlyDeaths = new Backoff({ free: 3, firstMs: 100, longestMs: 5_000, random });
  }

  /** Why starts fail now; `undefined` once one has succeeded. */
  get lastFailure(): PypoolError | undefined {
    return this.#lastFailure;
  }

  /** Rounds of failed starts, one after another. */
  get failures(): number {
    return this.#failedStarts.failures;
  }

  /** Rounds of workers that died young, one after another. */
  get earlyDeaths(): number {
    const recent = this.#options.clock.now() - this.#lastDeathAt <= STABLE_AFTER_MS;
    return recent ? this.#earlyDeaths.failures : 0;
  }

  /** When starts may go on; in the past where nothing holds them up. */
  get pausedUntil(): number {
    return Math.max(this.#failedStarts.until, this.#earlyDeaths.until);
  }

  /** Whether starting is so hopeless that calls should not wait for it: again and again, or for a reason that stays. */
  get hopeless(): boolean {
    if (this.#lastFailure === undefined) return false;
    return this.failures >= ROUNDS_BEFORE_GIVING_UP || !this.#lastFailure.retryable;
  }

  /**
   * Workers to start now. During a pause none, and {@link StartPolicyOwner.reconcile} is called at its end.
   *
   * @param eligible calls that would start if there were workers
   * @param wanted workers somebody waits for
   * @param closing the pool needs workers for what waits, and for nothing else
   */
  startsNow(eligible: number, wanted: number, closing: boolean): number {
    const starts = this.#startsWanted(eligible, wanted, closing);
    if (starts === 0) return 0;
    const until = this.pausedUntil;
    const pauseMs = until - this.#options.clock.now();
    if (pauseMs <= 0) return starts;
    // Calls come and go meanwhile: the timer is armed once for each pause.
    if (this.#pauseEndsAt !== until) {
      this.#pauseEndsAt = until;
      this.#pause?.cancel();
      this.#pause = this.#options.clock.after(pauseMs, () => this.#endPause());
    }
    return 0;
  }

  /** No more starts: forget the pause. */
  stop(): void {
    this.#pause?.cancel();
  }

  #endPause(): void {
    this.#pauseEndsAt = -Infinity;
    this.#owner.reconcile();
  }

  #startsWanted(eligible: number, wanted: number, closing: boolean): number {
    const { size, overflow, start, startConcurrency } = this.#options;
    const { live, starting, leaving, freePlaces, placesPerWorker } = this.#roster;
    const steady = start === 'lazy' ? this.#grownTo : size;
    return startsWanted({
      steady: closing ? 0 : Math.max(steady, wanted),
      maximum: size + overflow,
      live,
      starting,
      leaving,
      freePlaces,
      eligible,
      placesPerWorker,
      startConcurrency: this.#lastFailure === undefined ? startConcurrency : 1,
    });
  }

  ready(): void {
    this.#failedStarts.succeeded();
    this.#lastFailure = undefined;
    this.#grownTo = Math.min(this.#options.size, Math.max(this.#grownTo, this.#roster.ready.length));
  }

  startFailed(record: WorkerRecord, latest: number, error: PypoolError): void {
    this.#lastFailure = error;
    this.#failedStarts.failed(record.number, latest, this.#options.clock.now());
  }

  /** A ready worker was lost. One that was ended over a call's time or abort says nothing about the next. */
  lost(record: WorkerRecord, latest: number, error: PypoolError | undefined): void {
    if (error !== undefined && error.category !== 'communication') return;
    const now = this.#options.clock.now();
    if (now - this.#lastDeathAt > STABLE_AFTER_MS) this.#earlyDeaths.succeeded();
    this.#lastDeathAt = now;
    if (now - record.startedAt < STABLE_AFTER_MS) this.#earlyDeaths.failed(record.number, latest, now);
  }
}
