import { createError, shown, type PypoolError } from '@pypool/protocol';

import { aborted, madeTooLate } from '../errors.js';
import { findOptionsError, type PoolCallOptions } from '../options/call-options.js';
import type { ResolvedPoolOptions } from '../options/pool-options.js';
import type { Counters } from '../observe/stats.js';
import type { CallObservers } from '../observe/watched-call.js';
import { AbortWatch } from './abort-watch.js';
import { Deadlines } from './deadlines.js';
import { type BudgetStart, type CallTerms, defaultTerms, termsOf } from './call-terms.js';
import type { PendingCall } from './pending-call.js';
import { Doubts } from './doubts.js';
import { PendingStream } from './pending-stream.js';
import { PendingValue } from './pending-value.js';

/** Whom the book tells. */
export interface CallBookOwner {
  /** A call's `dueAt` has come. */
  onDue(call: PendingCall, now: number): void;
  /** A call's signal aborted. */
  onAbort(call: PendingCall, reason: unknown): void;
}

/** The calls that are open: made here, watched for time and aborts while they are, and settled here, each once. */
export class CallBook {
  readonly #options: ResolvedPoolOptions;
  readonly #counters: Counters;
  readonly #owner: CallBookOwner;
  readonly #deadlines: Deadlines;
  readonly #aborts: AbortWatch;
  readonly #doubts = new Doubts();
  readonly #callTerms: CallTerms;
  readonly #streamTerms: CallTerms;
  readonly #budgets: BudgetStart;
  /** Calls whose budgets do not count yet; `undefined` once the pool has had a ready worker. */
  #early: Set<PendingCall> | undefined = new Set();
  #made = 0;
  /** `undefined` while nobody observes. */
  observers: CallObservers | undefined = undefined;

  constructor(options: ResolvedPoolOptions, counters: Counters, owner: CallBookOwner) {
    this.#options = options;
    this.#counters = counters;
    this.#owner = owner;
    this.#deadlines = new Deadlines(options.clock, (call, now) => owner.onDue(call, now));
    this.#aborts = new AbortWatch((call, reason) => owner.onAbort(call, reason));
    this.#budgets = { at: Infinity, startTimeoutMs: options.startTimeoutMs };
    this.#callTerms = defaultTerms(this.#budgets, options);
    const endless = { ...options, timeoutMs: Infinity, executionTimeoutMs: Infinity };
    this.#streamTerms = defaultTerms(this.#budgets, endless);
  }

  /** Whether the pool has had a ready worker. */
  get clocksRun(): boolean {
    return this.#budgets.at !== Infinity;
  }

  /** Open calls whose budgets do not count yet. */
  get early(): number {
    return this.#early?.size ?? 0;
  }

  /** @returns a call that is settled already where its options, its signal or its deadline forbid it to begin */
  call(
    name: string,
    args: unknown,
    options: PoolCallOptions | undefined,
    resolve: (value: unknown) => void,
  ): PendingValue {
    const wrong = this.#check(name, options);
    const terms = this.#termsOf(wrong === undefined ? options : undefined, this.#callTerms);
    const now = this.#options.clock.now();
    const call = new PendingValue(++this.#made, name, args, terms, now);
    call.resolve = resolve;
    this.#begin(call, wrong, now);
    return call;
  }

  /** The same for a stream. */
  stream(name: string, args: unknown, options: PoolCallOptions | undefined): PendingStream {
    const wrong = this.#check(name, options);
    const terms = this.#termsOf(wrong === undefined ? options : undefined, this.#streamTerms);
    const now = this.#options.clock.now();
    const stream = new PendingStream(++this.#made, name, args, terms, now);
    this.#begin(stream, wrong, now);
    return stream;
  }

  /** It was placed: watch its time and its signal. It may have been answered already. */
  watch(call: PendingCall): void {
    if (call.state === 'settled') return;
    this.#deadlines.add(call, call.submittedAt);
    this.#early?.add(call);
    const { signal } = call.terms;
    if (signal === undefined) return;
    this.#aborts.add(call, signal);
    // By a strategy or an observer that was asked meanwhile: the event is over.
    if (signal.aborted) this.#owner.onAbort(call, signal.reason);
  }

  /** A worker failed it: from now on nothing may say that it never ran, where it may have. */
  doubt(call: PendingCall, error: PypoolError): void {
    this.#doubts.add(call, error);
  }

  /** It waits once more, since a worker failed it. */
  rewatch(call: PendingCall): void {
    const now = this.#options.clock.now();
    call.retriedAt = now;
    this.#deadlines.add(call, now);
  }

  /** A worker gave it back that seemed to have begun: its wait goes on, and may be over before its budget is. */
  waitsOn(call: PendingCall): void {
    this.#deadlines.add(call, this.#options.clock.now());
  }

  /** The first worker is ready: from now on waiting costs time. */
  runClocks(): void {
    const early = this.#early;
    this.#early = undefined;
    if (early === undefined) return;
    const now = this.#options.clock.now();
    this.#budgets.at = now;
    for (const call of early) this.#deadlines.add(call, now);
  }

  /** The good end of a call that no worker has any more. */
  succeed(call: PendingCall, value: unknown, now: number): void {
    this.#close(call);
    this.#counters.success(call.kind === 'call' ? now - call.submittedAt : undefined);
    if (call.watched !== undefined) call.watched.settled(undefined, now);
    call.succeed(value);
    call.forget();
  }

  /** The other end of a call that is in no queue, and that no worker has. */
  fail(call: PendingCall, error: PypoolError): void {
    const told = this.#doubts.judge(call, error);
    this.#close(call);
    this.#counters.failure(told);
    if (call.watched !== undefined) call.watched.settled(told, this.#options.clock.now());
    call.fail(told);
    call.forget();
  }

  /** No call is open, and none will be. */
  stop(): void {
    this.#deadlines.stop();
  }

  #close(call: PendingCall): void {
    call.state = 'settled';
    this.#deadlines.settled(call);
    this.#doubts.forget(call);
    this.#early?.delete(call);
    const { signal } = call.terms;
    if (signal !== undefined) this.#aborts.remove(call, signal);
  }

  #begin(call: PendingCall, wrong: PypoolError | undefined, now: number): void {
    this.#counters.submitted += 1;
    if (this.observers !== undefined) call.watched = this.observers.submitted(call);
    const { signal } = call.terms;
    if (wrong !== undefined) this.fail(call, wrong);
    else if (signal?.aborted === true) this.fail(call, aborted(call, signal.reason));
    else if (call.endsAt <= now) this.fail(call, madeTooLate(call));
  }

  #check(name: string, options: PoolCallOptions | undefined): PypoolError | undefined {
    if (typeof name !== 'string') {
      return createError({
        code: 'invalid-arguments',
        message: `The name of a call is ${shown(name)}, not a string.`,
      });
    }
    return options === undefined ? undefined : findOptionsError(options, this.#options.queue.usesPriority);
  }

  #termsOf(options: PoolCallOptions | undefined, defaults: CallTerms): CallTerms {
    return options === undefined ? defaults : termsOf(options, defaults, this.#options.clock);
  }
}
