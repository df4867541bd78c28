import type { PypoolError } from '../errors/error.js';

/** What travels in the `meta` of a CALL frame and shows in the handler's `current_call()`. JSON values only. */
export interface CallMeta {
  /** The session the caller named, with its metadata. */
  readonly session?:
    { readonly id: string; readonly metadata?: Readonly<Record<string, unknown>> } | undefined;
  /** The caller's own labels. */
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  /** The whole call's deadline, milliseconds since the Unix epoch. */
  readonly deadline?: number | undefined;
  /** The trace that the call is part of, as the W3C writes it. */
  readonly traceparent?: string | undefined;
  /** What vendors add to that. */
  readonly tracestate?: string | undefined;
}

/** What whoever wrote a function says of it, beside its name. */
export interface FunctionFacts {
  /** Running it twice is harmless. */
  readonly idempotent: boolean;
  /** Its execution budget where the caller gives none; `undefined`: that of the pool. */
  readonly executionTimeoutMs: number | undefined;
  /** How many calls of it may run at once in a pool; `undefined`: as many as there are places. */
  readonly concurrency: number | undefined;
}

/**
 * One call on its way to a handler. Whoever made it implements it; a worker drives it.
 *
 * The worker calls exactly one of `onResult`, `onError` and `onRevoked`, exactly once, whatever dies; `onStart` and `onItem` only before that.
 * None of them may throw.
 */
export interface OutgoingCall {
  readonly kind: 'call' | 'stream';
  /** Name of the exposed function. */
  readonly name: string;
  /** As the caller gave them: an array is positional, a plain object is keywords, `{ args, kwargs }` both, `undefined` none. */
  readonly args: unknown;
  readonly meta: CallMeta | undefined;
  /**
   * Memory of the caller's that the first bytes or array of its result may be read into. `undefined` where there is none, and from when the
   * call has been answered or given up: nobody writes to it any more then. `onSpent` is told before anything
   * is written there. Whoever has none may leave it out.
   */
  readonly into?: ArrayBufferView | undefined;
  /** Budget from its start to its result. `Infinity`: none. Streams have no budget unless given. */
  readonly executionTimeoutMs: number;
  /** Budget for each item of a stream while the consumer waits for it. `Infinity`: none. */
  readonly itemTimeoutMs: number;
  /** First credit window of a stream, in items; 0 for calls. */
  readonly credit: number;
  /** Its first credit in bytes, as frames count them. Left out: as many as its items take. */
  readonly creditBytes?: number | undefined;
  /** Its execution begins: the worker wrote it, and one of those that had the places before it was answered. */
  onStart(): void;
  /**
   * An item of a stream, in order, within the credit given.
   *
   * @param bytes - of the credit that it took: all of its frame with the last item of a frame, 0 with those before it
   */
  onItem(value: unknown, bytes?: number): void;
  /** The handler's result; `undefined` for the end of a stream. */
  onResult(value: unknown): void;
  onError(error: PypoolError): void;
  /**
   * Its arguments may not be any more what they were: its handler has begun to read an iterable among them, or its result has begun to be read into
   * `into`, where others of them may lie. So it cannot be made again. Told at most once. Whoever makes no call again may leave it out.
   */
  onSpent?(): void;
  /**
   * It was taken back: it has not started and never will, even where `onStart` was told meanwhile. Told only of calls that were asked back; whoever
   * asks for none back may leave it out.
   */
  onRevoked?(): void;
}
