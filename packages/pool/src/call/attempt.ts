import { STREAM_CREDIT, type CallMeta, type OutgoingCall, type PypoolError } from '@pypool/protocol';

import type { WorkerRecord } from '../worker/worker-record.js';
import type { CallListEntry } from './call-list.js';
import type { PendingCall } from './pending-call.js';

/** Whom an attempt tells. */
export interface AttemptOwner {
  /** It has begun to run. */
  onBegan(attempt: Attempt): void;
  /** It was answered: with an error, or else with a value. Called once. */
  onAnswered(attempt: Attempt, error: PypoolError | undefined, value: unknown): void;
  /** It was taken back: it never began. Called instead of `onAnswered`. */
  onRevoked(attempt: Attempt): void;
}

/** One try at one worker. What the worker says after its answer is ignored, so nothing late reaches a later attempt. */
export class Attempt implements OutgoingCall, CallListEntry<Attempt> {
  readonly call: PendingCall;
  readonly worker: WorkerRecord;
  readonly meta: CallMeta | undefined;
  readonly #owner: AttemptOwner;
  /** By the pool's clock; until it begins, when it was given to the worker. */
  since: number;
  /** Why it is being ended before its answer; the first reason stays. */
  endedBy: PypoolError | undefined = undefined;
  /** It was sent ahead, and has not begun. */
  ahead = false;
  /** Its worker was asked for it back. */
  askedBack = false;
  /** What it would take, as things stood when it was given. */
  expectedUs = 0;
  /** What its arguments weigh, where it was sent ahead. */
  aheadBytes = 0;
  /** Among those of its worker. */
  list: object | undefined = undefined;
  previous: Attempt | undefined = undefined;
  next: Attempt | undefined = undefined;
  #answered = false;

  constructor(
    call: PendingCall,
    worker: WorkerRecord,
    meta: CallMeta | undefined,
    owner: AttemptOwner,
    now: number,
  ) {
    this.call = call;
    this.worker = worker;
    this.meta = meta;
    this.#owner = owner;
    this.since = now;
  }

  get kind(): 'call' | 'stream' {
    return this.call.kind;
  }

  get name(): string {
    return this.call.name;
  }

  get args(): unknown {
    return this.call.args;
  }

  /** Asked anew before each write: once the caller has its answer, the memory is the caller's again. */
  get into(): ArrayBufferView | undefined {
    return this.#answered || this.call.state === 'settled' ? undefined : this.call.terms.into;
  }

  get executionTimeoutMs(): number {
    const { terms, name } = this.call;
    const { functions } = this.worker;
    if (functions === undefined || terms.executionTimeoutGiven) return terms.executionTimeoutMs;
    return functions.get(name)?.executionTimeoutMs ?? terms.executionTimeoutMs;
  }

  get itemTimeoutMs(): number {
    return this.call.terms.itemTimeoutMs;
  }

  get credit(): number {
    return this.call.kind === 'stream' ? STREAM_CREDIT.items : 0;
  }

  get creditBytes(): number {
    return STREAM_CREDIT.bytes;
  }

  onStart(): void {
    if (!this.#answered) this.#owner.onBegan(this);
  }

  onItem(value: unknown, bytes?: number): void {
    if (!this.#answered) this.call.item(value, bytes);
  }

  onSpent(): void {
    this.call.spent = true;
  }

  onResult(value: unknown): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#owner.onAnswered(this, undefined, value);
  }

  onRevoked(): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#owner.onRevoked(this);
  }

  onError(error: PypoolError): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#owner.onAnswered(this, error, undefined);
  }
}
