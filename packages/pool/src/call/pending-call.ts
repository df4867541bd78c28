import type { CallMeta, PypoolError } from '@pypool/protocol';

import type { WatchedCall } from '../observe/watched-call.js';
import type { QueuedCall } from '../strategies/queue.js';
import type { SelectableCall } from '../strategies/selection.js';
import type { Attempt } from './attempt.js';
import type { CallTerms } from './call-terms.js';

/**
 * A call that brings about the first start was made in the same millisecond, and both have the same time. The call waits a moment longer, so
 * that its error tells how the start ended.
 */
const FIRST_START_TOLD_MS = 20;

/**
 * Where a call stands: `placing`, in no queue, on its way into one or to a worker; `waiting` for any worker; `bound` to wait for one certain
 * worker; `held` while as many of its function run as may; `ahead`, sent to a worker that has not begun with it, or `running` on one (`attempt` is set in
 * both); `settled`, its caller has the answer. From the first it moves to any other, from `ahead` to `running`, from the middle ones through the first or to
 * the last, from the last nowhere.
 */
export type CallState = 'placing' | 'waiting' | 'bound' | 'held' | 'ahead' | 'running' | 'settled';

/**
 * One call or stream as its caller asked for it, from `call()` until it is settled. It outlives the attempts to run it.
 *
 * A hundred thousand of them may wait, and the garbage collector copies what survives: so few fields, and as few objects as can be. A
 * field with a fraction is an object of its own to V8, so that moments are worked out from the one when it was submitted.
 */
export abstract class PendingCall implements QueuedCall, SelectableCall {
  abstract readonly kind: 'call' | 'stream';
  /** Counts the calls of the pool. */
  readonly id: number;
  readonly name: string;
  args: unknown;
  readonly terms: CallTerms;
  /** By the pool's clock. */
  readonly submittedAt: number;
  /** When it began to wait once more, if it did. */
  retriedAt: number | undefined = undefined;

  state: CallState = 'placing';
  attempts = 0;
  /** Its arguments may not be any more what they were: read of, or overwritten by its result. */
  spent = false;
  attempt: Attempt | undefined = undefined;
  /** Who watches it, where somebody does. */
  watched: WatchedCall | undefined = undefined;
  /** Entries it has among the deadlines. */
  deadlineEntries = 0;

  list: object | undefined = undefined;
  previous: QueuedCall | undefined = undefined;
  next: QueuedCall | undefined = undefined;
  note: unknown = undefined;

  /** @param now by the pool's clock */
  constructor(id: number, name: string, args: unknown, terms: CallTerms, now: number) {
    this.id = id;
    this.name = name;
    this.args = args;
    this.terms = terms;
    this.submittedAt = now;
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

  /** Whether anybody is there for what it brings: nobody is once the consumer of a stream has left. */
  get wanted(): boolean {
    return true;
  }

  /** When the whole call must be over; `Infinity` for never. Without any time it is over before its budget counts. */
  get endsAt(): number {
    const { deadline, timeoutMs } = this.terms;
    return Math.min(deadline, timeoutMs === 0 ? this.submittedAt : this.countsFrom + timeoutMs);
  }

  /** The next moment at which time alone does something to it. */
  get dueAt(): number {
    if (this.attempt?.endedBy !== undefined) return Infinity;
    if (this.state === 'running') return this.endsAt;
    return Math.min(this.waitEndsAt, this.endsAt);
  }

  /** Let go of what would be kept alive by lists that drop settled calls later. */
  forget(): void {
    this.args = undefined;
    this.attempt = undefined;
    this.note = undefined;
    this.watched = undefined;
  }

  // `private` rather than `#`: V8 marks each object whose class has private accessors with a field more.
  private get countsFrom(): number {
    return Math.max(this.submittedAt, this.terms.budgets.at);
  }

  /** Once more where it waits once more, while the whole call's budget goes on. */
  private get waitEndsAt(): number {
    const { at, startTimeoutMs } = this.terms.budgets;
    if (at === Infinity) return this.submittedAt + startTimeoutMs + FIRST_START_TOLD_MS;
    return (this.retriedAt ?? this.countsFrom) + this.terms.checkoutTimeoutMs;
  }

  /** A worker began with it. */
  abstract began(): void;
  /** An item of a stream. */
  abstract item(value: unknown, bytes?: number): void;
  /** Tell the caller. Called once, by whoever settles it. */
  abstract succeed(value: unknown): void;
  abstract fail(error: PypoolError): void;
}
