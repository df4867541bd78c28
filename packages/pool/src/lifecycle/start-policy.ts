import type { PypoolError } from '@pypool/protocol';

import type { ClockTimer } from '../clock/clock.js';
import { startsWanted } from '../dispatch/starts-wanted.js';
import type { ResolvedPoolOptions } from '../options/pool-options.js';
import { Backoff } from '../worker/backoff.js';
import type { Roster } from '../worker/roster.js';
import type { WorkerRecord } from '../worker/worker-record.js';
import { CircuitBreaker, type CircuitState } from './circuit-breaker.js';

/** A worker that died younger than this may be one of a loop of deaths; the figure of jupyter_client's restarter. */
const STABLE_AFTER_MS = 10_000;

/** Whom the policy tells. */
export interface StartPolicyOwner {
  /** A pause is over: starts may be wanted again. */
  reconcile(): void;
}

/** Why workers do not start, from the first failure until one is ready. Moments are by the pool's clock. */
export interface StartTrouble {
  /** The last worker that failed to start, and how. */
  readonly workerId: string;
  readonly error: PypoolError;
  /** Rounds of failed starts, one after another. */
  readonly failures: number;
  readonly since: number;
  readonly circuit: CircuitState;
  /** When starts may go on; in the past where nothing holds them up. */
  readonly pausedUntil: number;
}

/** When workers are started: how many steady ones there should be, and how long to pause after failures. */
export class StartPolicy {
  readonly #options: ResolvedPoolOptions;
  readonly #roster: Roster;
  readonly #owner: StartPolicyOwner;
  readonly #failedStarts: Backoff;
  readonly #earlyDeaths: Backoff;
  readonly circuit: CircuitBreaker;
  /** Steady workers of a lazy pool: as many as have been ready at once. */
  #grownTo = 0;
  #lastDeathAt = -Infinity;
  #lastFailure: { readonly workerId: string; readonly error: PypoolError } | undefined;
  #failingSince = 0;
  #pause: ClockTimer | undefined;
  #pauseEndsAt = -Infinity;

  constructor(options: ResolvedPoolOptions, roster: Roster, owner: StartPolicyOwner) {
    this.#options = options;
    this.#roster = roster;
    this.#owner = owner;
    const { random, startBackoffMs: firstMs, maxStartBackoffMs: longestMs, maxStartFailures } = options;
    this.circuit = new CircuitBreaker(maxStartFailures);
    this.#failedStarts = new Backoff({ free: 0, firstMs, longestMs, random });
    this.#earlyDeaths = new Backoff({ free: 3, firstMs: 100, longestMs: 5_000, random });
  }

  /** Why starts fail now; `undefined` once one has succeeded. */
  get lastFailure(): PypoolError | undefined {
    return this.#lastFailure?.error;
  }

  /** The same with all that is known of it. */
  get trouble(): StartTrouble | undefined {
    if (this.#lastFailure === undefined) return undefined;
    const { failures, pausedUntil } = this;
    return {
      ...this.#lastFailure,
      failures,
      since: this.#failingSince,
      circuit: this.circuit.state,
      pausedUntil,
    };
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

  /**
   * Workers to start now. During a pause none, and {@link StartPolicyOwner.reconcile} is called at its end.
   *
   * @param eligible calls that would start if there were workers
   * @param wanted workers somebody waits for
   * @param closing the pool needs workers for what waits, and for nothing else
   * @param extra workers needed to replace others, beyond the maximum
   */
  startsNow(eligible: number, wanted: number, closing: boolean, extra: number): number {
    const starts = this.#startsWanted(eligible, wanted, closing, extra);
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

  /** Steady workers there should be now. */
  get steady(): number {
    const { size } = this.#roster;
    return this.#options.start === 'lazy' ? Math.min(size, this.#grownTo) : size;
  }

  /** What failed may have been mended: the next start needs no pause. */
  endPause(): void {
    this.#failedStarts.succeeded();
    this.#earlyDeaths.succeeded();
  }

  #startsWanted(eligible: number, wanted: number, closing: boolean, extra: number): number {
    const { overflow, startConcurrency, minIdle, replace } = this.#options;
    const { live, starting, leaving, freePlaces, placesPerWorker } = this.#roster;
    // Whether or not anybody needs one: how else would it be known that starts succeed again?
    const probe = this.circuit.state === 'open' ? live - leaving + 1 : 0;
    return startsWanted({
      steady: closing ? 0 : Math.max(this.steady, wanted, probe),
      maximum: this.#roster.size + overflow,
      live,
      starting,
      leaving,
      freePlaces,
      eligible,
      spares: closing ? 0 : minIdle,
      extra,
      replacesAfter: replace === 'after',
      placesPerWorker,
      startConcurrency: this.#lastFailure === undefined ? startConcurrency : 1,
    });
  }

  /** @param extra workers that are there to replace others @returns whether the circuit had been open */
  ready(extra: number): boolean {
    this.#failedStarts.succeeded();
    this.#lastFailure = undefined;
    this.#grownTo = Math.max(this.#grownTo, this.#roster.ready.length - extra);
    return this.circuit.startSucceeded();
  }

  /** @returns whether the circuit opens now */
  startFailed({ id: workerId, number }: WorkerRecord, latest: number, error: PypoolError): boolean {
    const now = this.#options.clock.now();
    if (this.#lastFailure === undefined) this.#failingSince = now;
    this.#lastFailure = { workerId, error };
    this.#failedStarts.failed(number, latest, now);
    // What was begun side by side with it may still succeed.
    return this.#roster.starting === 0 && this.circuit.startFailed(this.failures, error, now);
  }

  /** A ready worker was lost. One that was ended over a call's time or abort says nothing about the next. */
  lost(record: WorkerRecord, latest: number, error: PypoolError | undefined): void {
    if (error !== undefined && error.category !== 'communication') return;
    const now = this.#options.clock.now();
    if (now - this.#lastDeathAt > STABLE_AFTER_MS) this.#earlyDeaths.succeeded();
    this.#lastDeathAt = now;
    if (diedYoung(record, now)) this.#earlyDeaths.failed(record.number, latest, now);
    else this.#earlyDeaths.succeeded(record.number);
  }
}

/**
 * Whether a worker's death hints at a loop of deaths. One that served for longer than it took to start does not, whatever ended it: with such
 * workers a pool serves for most of the time, and a pause would only make it serve less.
 */
function diedYoung({ startedAt, readySince }: WorkerRecord, now: number): boolean {
  return now - startedAt < STABLE_AFTER_MS && now - readySince <= readySince - startedAt;
}
