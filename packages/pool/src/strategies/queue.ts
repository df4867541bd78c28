import type { CallMeta } from '@pypool/protocol';

import type { CallListEntry } from '../call/call-list.js';

/** A call that waits, as far as its order goes. The links are for a `CallList` of the discipline. */
export interface QueuedCall extends CallListEntry<QueuedCall> {
  /** Counts the calls of the pool: the smaller was made first. */
  readonly id: number;
  readonly kind: 'call' | 'stream';
  readonly name: string;
  /** As given with the call; 0 unless given. */
  readonly priority: number;
  /** As given with the call. */
  readonly attributes: CallMeta['attributes'];
  readonly session: CallMeta['session'];
  /** Scratch for the discipline: what it worked out about this call once. */
  note: unknown;
}

/**
 * Calls that wait for any worker, in an order. Made by a {@link QueueDiscipline}, one for each pool.
 *
 * A call is either in the queue or not; the pool adds, takes and removes it. No operation may take longer because the queue is long.
 */
export interface CallQueue extends Iterable<QueuedCall> {
  /** Calls in the queue. */
  readonly size: number;
  /** How many of them could start now if workers were free: `size`, but for disciplines that hold some back. */
  readonly eligible: number;
  /** Whether a call that is not in the queue may start at once, were it alone. */
  mayStart(call: QueuedCall): boolean;
  add(call: QueuedCall): void;
  /** Put back a call that was taken and could not run: it goes before its equals, or where it stood among them. */
  putBack(call: QueuedCall): void;
  /** Take the next call that may start; `undefined` exactly when `eligible` is 0. */
  take(): QueuedCall | undefined;
  /** Take out a call that is in the queue: it was aborted or ran out of time. */
  remove(call: QueuedCall): void;
  /** Take all out, whether they may start or not. */
  clear(): QueuedCall[];
  /**
   * The calls in the order in which they would be taken if nothing else happened, those that are held back last. For `status()`, which
   * takes the first hundred.
   */
  [Symbol.iterator](): Iterator<QueuedCall>;
  /** A call began to run, whether it was ever in the queue or not. */
  started(call: QueuedCall): void;
  /** A call that began has been answered. It may be added again, to be tried anew. */
  ended(call: QueuedCall): void;
}

/** In which order calls are served. */
export interface QueueDiscipline {
  /** For `status()` and logs, for example `"fifo"`. */
  readonly name: string;
  /** Whether it looks at `priority`; where it does not, giving one is an error of the call. */
  readonly usesPriority: boolean;
  /**
   * Whether calls may be sent to a worker before those ahead of them have been answered (`prefetch`). Where a call may have to go before others that came
   * earlier, it must find them in the queue. One that allows it puts a call back (`putBack`) where it stood. @defaultValue `false`
   */
  readonly sendsAhead?: boolean;
  create(): CallQueue;
}
