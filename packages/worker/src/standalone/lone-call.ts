import {
  createError,
  STREAM_CREDIT,
  type CallMeta,
  type OutgoingCall,
  type PypoolError,
} from '@pypool/protocol';
import type { LoneCallOptions } from './call-options.js';

/** Whom a call tells of its fate: the promise, or the consumer's end of the stream. */
export interface Answering {
  onItem(value: unknown, bytes?: number): void;
  onResult(value: unknown): void;
  onError(error: PypoolError): void;
}

/** What a call asks of the worker that it was given to. */
export interface LoneCallOwner {
  /** It has its answer. Called once. */
  onAnswered(call: LoneCall): void;
  /** Its signal aborted while it was open. */
  onAbort(call: LoneCall, error: PypoolError): void;
}

/** What a call is made of. */
export interface LoneCallParts {
  readonly kind: 'call' | 'stream';
  readonly name: string;
  readonly args: unknown;
  readonly options: LoneCallOptions;
  /** The execution budget that stands beside the function. */
  readonly ownBudgetMs: number | undefined;
  readonly answering: Answering;
}

/** One call or stream of a lone worker, from `call()` to its answer. */
export class LoneCall implements OutgoingCall {
  readonly kind: 'call' | 'stream';
  readonly name: string;
  readonly args: unknown;
  readonly executionTimeoutMs: number;
  readonly itemTimeoutMs: number;
  readonly credit: number;
  readonly creditBytes = STREAM_CREDIT.bytes;
  readonly meta: CallMeta | undefined;
  readonly #answering: Answering;
  readonly #signal: AbortSignal | undefined;
  #owner: LoneCallOwner | undefined;
  #runs = false;

  constructor({ kind, name, args, options, ownBudgetMs, answering }: LoneCallParts) {
    this.kind = kind;
    this.name = name;
    this.args = args;
    this.executionTimeoutMs = options.executionTimeoutMs ?? ownBudgetMs ?? Infinity;
    this.itemTimeoutMs = options.itemTimeoutMs ?? Infinity;
    this.credit = kind === 'stream' ? STREAM_CREDIT.items : 0;
    this.meta = options.attributes === undefined ? undefined : { attributes: options.attributes };
    this.#signal = options.signal;
    this.#answering = answering;
  }

  /** It is open from now on, until it is answered. */
  open(owner: LoneCallOwner): void {
    this.#owner = owner;
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Why it may not begin at all: its signal has aborted already. */
  get abortedEarly(): PypoolError | undefined {
    return this.#signal?.aborted === true ? this.#aborted() : undefined;
  }

  onStart(): void {
    this.#runs = true;
  }

  onItem(value: unknown, bytes?: number): void {
    this.#answering.onItem(value, bytes);
  }

  onResult(value: unknown): void {
    this.#settle();
    this.#answering.onResult(value);
  }

  onError(error: PypoolError): void {
    this.#settle();
    this.#answering.onError(error);
  }

  #settle(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#owner?.onAnswered(this);
    this.#owner = undefined;
  }

  readonly #onAbort = (): void => this.#owner?.onAbort(this, this.#aborted());

  #aborted(): PypoolError {
    return createError({
      code: 'aborted',
      message: `The ${this.kind} of ${this.name} was aborted by its signal ${this.#runs ? 'while it ran' : 'before it started'}.`,
      outcome: this.#runs ? 'unknown' : 'not-started',
      context: { function: this.name },
      cause: this.#signal?.reason,
    });
  }
}
