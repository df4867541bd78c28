import type { CallMeta, PypoolError } from '@pypool/protocol';

import type { QueuedCall } from '../strategies/queue.js';
import type { SelectableCall } from '../strategies/selection.js';
import type { Attempt } from './attempt.js';
import type { CallTerms } from './call-terms.js';

/**
 * Where a call stands: `placing`, in no queue, on its way into one or to a worker; `waiting` for any worker; `bound` to wait for one certain
 * worker; `running` on one (`attempt` is set); `settled`, its caller has the answer. From the first it moves to any other, from
 * the next three through it or to the last, from the last nowhere.
 */
export type CallState = 'placing' | 'waiting' | 'bound' | 'running' | 'settled';

/**
 * One call or stream as its caller asked for it, from `call()` until it is settled. It outlives the attempts to run it.
 *
 * A hundred thousand of them may wait, and the garbage collector copies what survives: so few fields, and as few objects as can be.
 */
export abstract class PendingCall implements QueuedCall, SelectableCall {
  abstract readonly kind: 'call' | 'stream';
  /** Counts the calls of the pool. */
  readonly id: number;
  readonly name: string;
  args: unknown;
  readonly terms: CallTerms;
  readonly submittedAt: number;
  /** When its wait ends, and when the whole call does, by the pool's clock. */
  waitEndsAt: number;
  endsAt: number;

  state: CallState = 'placing';
  attempts = 0;
  attempt: Attempt | undefined = undefined;
  /** Why it is being ended while it runs; the first reason stays. */
  endedBy: PypoolError | undefined = undefined;
  /** Entries it has among the deadlines. */
  deadlineEntries = 0;

  list: object | undefined = undefined;
  previous: QueuedCall | undefined = undefined;
  next: QueuedCall | undefined = undefined;
  note: unknown = undefined;

  /**
   * @param now by the pool's clock
   * @param waitEndsAt when its wait ends unless {@link startClocks} says otherwise
   * @param endsAt its explicit deadline by the pool's clock; `Infinity` for none
   */
  constructor(
    id: number,
    name: string,
    args: unknown,
    terms: CallTerms,
    now: number,
    waitEndsAt: number,
    endsAt: number,
  ) {
    this.id = id;
    this.name = name;
    this.args = args;
    this.terms = terms;
    this.submittedAt = now;
    this.waitEndsAt = waitEndsAt;
    this.endsAt = endsAt;
  }

  get priority(): number {
    return this.terms.priority;
  }

  get meta(): CallMeta | undefined {
    return this.terms.meta;
  }

  get attributes(): CallMeta['attributes'] {
    return this.terms.meta?.attributes;
  }

  get session(): CallMeta['session'] {
    return this.terms.meta?.session;
  }

  /** The next moment at which time alone does something to it. */
  get dueAt(): number {
    if (this.state === 'running') return this.endedBy === undefined ? this.endsAt : Infinity;
    return Math.min(this.waitEndsAt, this.endsAt);
  }

  /** Its budgets count from now on. */
  startClocks(now: number): void {
    this.waitEndsAt = now + this.terms.checkoutTimeoutMs;
    this.endsAt = Math.min(this.endsAt, now + this.terms.timeoutMs);
  }

  /** It waits anew: the whole call's budget goes on. */
  restartWait(now: number): void {
    this.waitEndsAt = now + this.terms.checkoutTimeoutMs;
  }

  /** Let go of what would be kept alive by lists that drop settled calls later. */
  forget(): void {
    this.args = undefined;
    this.attempt = undefined;
    this.note = undefined;
  }

  /** A worker began with it. */
  abstract began(): void;
  /** An item of a stream. */
  abstract item(value: unknown): void;
  /** Tell the caller. Called once, by whoever settles it. */
  abstract succeed(value: unknown): void;
  abstract fail(error: PypoolError): void;
}
