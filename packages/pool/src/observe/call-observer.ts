import type { CallMeta, PypoolError } from '@pypool/protocol';

/**
 * Sees every call and stream of a pool, from when it is made until it is settled: for traces, metrics and audit.
 *
 * Added with `pool.observe()`. While there is none, a call costs a look at an empty field and no more. All of this is called synchronously, at the
 * moment it happens, so in `onSubmitted` the caller's context (`AsyncLocalStorage`) is the current one. What throws is an uncaught exception of its own, and
 * disturbs neither the call nor other observers.
 */
export interface CallObserver {
  /**
   * A call was made, before anything comes of it.
   *
   * @returns who sees what becomes of it; `undefined` where nobody wants to
   */
  onSubmitted(call: ObservedCall): CallWatch | undefined;
}

/** A call as whoever made it asked for it. */
export interface ObservedCall {
  readonly pool: string;
  /** Counts the calls of the pool. The same in `status()` and in `call-retried`. */
  readonly callId: number;
  readonly kind: 'call' | 'stream';
  /** As the caller wrote it: it may be of no function that there is. */
  readonly name: string;
  readonly session: CallMeta['session'];
  readonly attributes: CallMeta['attributes'];
}

/** Sees one call. Any of it may be left out. Nothing is told after `onSettled`, which is told exactly once. */
export interface CallWatch {
  /** Travels to the handler with every attempt. Read once, when `onSubmitted` has returned. Of several observers the first that has one is asked. */
  readonly trace?: TraceContext | undefined;
  /** A worker began with it: again where it is tried again. */
  onBegan?(begin: CallBegin): void;
  /** It was sent ahead to a worker that gave it back; it waits once more. Where `onBegan` was told of that attempt, it had not begun after all. */
  onTakenBack?(): void;
  /** Its worker failed it, and it waits for another one. */
  onRetried?(retry: CallRetry): void;
  /** A stream brought an item. */
  onItem?(item: CallItem): void;
  /** It has its result, or has failed. */
  onSettled?(end: CallEnd): void;
}

/** The context of a trace, as the W3C writes it. */
export interface TraceContext {
  /** For example `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`. */
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

/** How a call began. */
export interface CallBegin {
  /** From 1. */
  readonly attempt: number;
  readonly workerId: string;
  /** What the worker tells of itself, for example `{ pid: 4711 }`. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** How long it has waited since it was made, or since it was given up by the worker before. */
  readonly waitMs: number;
  /** How much of that at the worker: it was sent ahead, behind others. */
  readonly aheadMs: number;
}

/** Why a call is tried again. */
export interface CallRetry {
  /** Attempts made so far. */
  readonly attempts: number;
  readonly workerId: string;
  readonly error: PypoolError;
}

/** An item of a stream. */
export interface CallItem {
  /** What arrived with it, in bytes: of several items in one frame, all of it with the last. 0 where that is not known. */
  readonly bytes: number;
}

/** How a call ended. */
export interface CallEnd {
  /** `undefined`: it has its result, or a stream its end. */
  readonly error: PypoolError | undefined;
  /** Its consumer had left the stream before. */
  readonly left: boolean;
  readonly attempts: number;
  /** From when it was made. */
  readonly totalMs: number;
  /** From when it began, in its last attempt, to its answer; `undefined` where it never began in that. */
  readonly executionMs: number | undefined;
}
