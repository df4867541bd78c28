import type { CallMeta, PypoolError } from '@pypool/protocol';

import type { PoolCallOptions } from '../options/call-options.js';
import type { QueuedCall } from '../strategies/queue.js';
import type { SelectableCall } from '../strategies/selection.js';
import type { Attempt } from './attempt.js';

/**
 * Where a call stands: `placing`, in no queue: on its way into one or to a worker, `waiting` for any worker, `bound` to wait for one certain worker, `running` on one (`attempt` is set), `settled`: its caller has
 * the answer. It moves from `settled` nowhere and from the others through `placing`, or to `settled`.
 */
export type CallState = 'placing' | 'waiting' | 'bound' | 'running' | 'settled';

/** What a call takes from its pool where its options say nothing. */
export interface CallDefaults {
  readonly timeoutMs: number;
  readonly executionTimeoutMs: number;
  readonly checkoutTimeoutMs: number;
  readonly itemTimeoutMs: number;
}

/** One call or stream as its caller asked for it, from `call()` until it is settled. It outlives the attempts to run it. */
export abstract class PendingCall implements QueuedCall, SelectableCall {
  abstract readonly kind: 'call' | 'stream';
  /** Counts the calls of the pool. */
  readonly id: number;
  readonly name: string;
  args: unknown;
  meta: CallMeta | undefined;
  readonly priority: number;
  readonly idempotent: boolean;
  readonly signal: AbortSignal | undefined;
  readonly executionTimeoutMs: number;
  readonly itemTimeoutMs: number;
  readonly submittedAt: number;
  readonly #checkoutTimeoutMs: number;
  readonly #timeoutMs: number;

  state: CallState = 'placing';
  attempts = 0;
  attempt: Attempt | undefined = undefined;
  /** Why it is being ended while it runs; the first reason stays. */
  endedBy: PypoolError | undefined = undefined;
  /** When its wait ends, and when the whole call does, by the pool's clock. */
  waitEndsAt: number;
  endsAt: number;
  /** Entries it has among the deadlines. */
  deadlineEntries = 0;

  list: object | undefined = undefined;
  previous: QueuedCall | undefined = undefined;
  next: QueuedCall | undefined = undefined;
  note: unknown = undefined;

  /**
   * @param waitMs how long it may wait until {@link startClocks}
   * @param deadlineAt its explicit deadline by the pool's clock; `Infinity` for none
   */
  constructor(
    id: number,
    name: string,
    args: unknown,
    options: PoolCallOptions,
    defaults: CallDefaults,
    now: number,
    waitMs: number,
    deadlineAt: number,
  ) {
    this.id = id;
    this.name = name;
    this.args = args;
    this.meta = metaOf(options);
    this.priority = options.priority ?? 0;
    this.idempotent = options.idempotent ?? false;
    this.signal = options.signal;
    this.executionTimeoutMs = options.executionTimeoutMs ?? defaults.executionTimeoutMs;
    this.itemTimeoutMs = options.itemTimeoutMs ?? defaults.itemTimeoutMs;
    this.submittedAt = now;
    this.#checkoutTimeoutMs = options.checkoutTimeoutMs ?? defaults.checkoutTimeoutMs;
    this.#timeoutMs = options.timeoutMs ?? defaults.timeoutMs;
    this.waitEndsAt = now + waitMs;
    this.endsAt = deadlineAt;
  }

  get attributes(): CallMeta['attributes'] {
    return this.meta?.attributes;
  }

  get session(): CallMeta['session'] {
    return this.meta?.session;
  }

  /** The next moment at which time alone does something to it. */
  get dueAt(): number {
    if (this.state === 'running') return this.endedBy === undefined ? this.endsAt : Infinity;
    return Math.min(this.waitEndsAt, this.endsAt);
  }

  /** Its budgets count from now on. */
  startClocks(now: number): void {
    this.waitEndsAt = now + this.#checkoutTimeoutMs;
    this.endsAt = Math.min(this.endsAt, now + this.#timeoutMs);
  }

  /** It waits anew: the whole call's budget goes on. */
  restartWait(now: number): void {
    this.waitEndsAt = now + this.#checkoutTimeoutMs;
  }

  /** What would be kept alive by lists that drop settled calls later. */
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

function metaOf({ meta, attributes }: PoolCallOptions): CallMeta | undefined {
  return attributes === undefined ? meta : { ...meta, attributes };
}
