import { createError, type FunctionFacts, type PypoolError } from '@pypool/protocol';

import type { Attempt } from '../call/attempt.js';
import { CallList, type CallListEntry } from '../call/call-list.js';
import type { PendingCall } from '../call/pending-call.js';
import type { PoolWorker } from '../contract.js';
import type { QueuedCall } from '../strategies/queue.js';
import type { LimitReached, RecyclableWorker } from '../strategies/recycling.js';
import type { SelectableWorker } from '../strategies/selection.js';

/**
 * Why a worker leaves: it rested long enough above `size`; reached a limit; is replaced by `reload()`; is more than there may be after a `resize()`;
 * its pool closes; it did not come up in time; or it was lost.
 */
export type RetireReason =
  'idle' | 'recycled' | 'reloaded' | 'surplus' | 'closing' | 'start-timeout' | LossReason;

/**
 * How a worker is lost, which is replaced at once and stops by itself: ended with a call that ran out of time, or was aborted, and that nothing
 * gentler ended; or it cannot go on.
 */
export type LossReason = 'timeout' | 'aborted' | 'unavailable';

/** Whether a worker leaves because it is lost, and not by the will of its pool. */
export function isLoss(reason: RetireReason): reason is LossReason {
  return reason === 'timeout' || reason === 'aborted' || reason === 'unavailable';
}

/** How a worker is lost that says this of it. */
export function lossOf(error: PypoolError | undefined): LossReason {
  if (error?.category === 'timeout') return 'timeout';
  return error?.category === 'cancelled' ? 'aborted' : 'unavailable';
}

/** What holds for a worker. `since` is by the pool's clock. */
export type WorkerState =
  /** The factory is bringing it up. It takes no calls. */
  | { readonly kind: 'starting'; readonly since: number }
  /** It takes calls. */
  | { readonly kind: 'ready'; readonly since: number }
  /** It takes no more calls; those it has may go on. Its slot stays taken. */
  | {
      readonly kind: 'retiring';
      readonly since: number;
      readonly reason: RetireReason;
      /** The limit it reached, where it is `recycled`. */
      readonly reached?: LimitReached | undefined;
    }
  /** Reaped, or never was. */
  | { readonly kind: 'dead'; readonly since: number };

/** Where each state may lead. */
export const TRANSITIONS: Readonly<Record<WorkerState['kind'], readonly WorkerState['kind'][]>> = {
  starting: ['ready', 'retiring', 'dead'],
  ready: ['retiring', 'dead'],
  retiring: ['dead'],
  dead: [],
};

/** A worker as its pool sees it, from the wish to have one until it is reaped. */
export class WorkerRecord implements SelectableWorker, RecyclableWorker, CallListEntry<WorkerRecord> {
  readonly id: string;
  readonly slot: number;
  /** Counts the starts of the pool, from 1. */
  readonly number: number;
  readonly startedAt: number;
  state: WorkerState;
  /** Set once it is up. */
  worker: PoolWorker | undefined = undefined;
  concurrency = 1;
  /** What it says of functions; `undefined` where it says nothing. */
  functions: ReadonlyMap<string, FunctionFacts> | undefined = undefined;
  /** Calls that have one of its places. */
  inFlight = 0;
  /** Calls that were sent ahead, and wait for one of its places. Of {@link WorkerRecord.running} those behind the first {@link WorkerRecord.inFlight}. */
  ahead = 0;
  /** Of its calls, those that it was asked back for. */
  askedBack = 0;
  /** What its calls will take as far as that is known, and what the arguments weigh of those sent ahead. */
  expectedUs = 0;
  aheadBytes = 0;
  /** When it last answered, or was given a call with a place free; `-Infinity` from when one that it runs is to end. */
  progressAt = 0;
  calls = 0;
  lastCall = 0;
  overflow = false;
  limitShare = 1;
  /** Calls after which it is due. */
  callLimit = Infinity;
  readySince = Infinity;
  memoryBytes: number | undefined = undefined;
  wornBy: LimitReached | undefined = undefined;
  /** When it last had nothing to do. */
  idleSince: number;
  /** Unanswered calls, in the order in which they were given. */
  readonly running = new CallList<Attempt>();
  /** Calls that wait for this worker and no other. */
  readonly bound = new CallList<QueuedCall>();
  /** Among those that may have room for calls ahead. */
  list: object | undefined = undefined;
  previous: WorkerRecord | undefined = undefined;
  next: WorkerRecord | undefined = undefined;
  /** What its observer heard before the factory's promise was read. */
  unavailableBy: PypoolError | undefined = undefined;
  /** What its factory said of a start that took too long. */
  lateBy: PypoolError | undefined = undefined;

  constructor(id: string, slot: number, number: number, now: number) {
    this.id = id;
    this.slot = slot;
    this.number = number;
    this.startedAt = now;
    this.idleSince = now;
    this.state = { kind: 'starting', since: now };
  }

  /** The one place where a worker changes its state. */
  moveTo(next: WorkerState): void {
    if (!TRANSITIONS[this.state.kind].includes(next.kind)) {
      throw createError({
        code: 'internal',
        message: `Worker ${this.id} cannot go from ${this.state.kind} to ${next.kind}.`,
      });
    }
    this.state = next;
  }

  nextBound(): PendingCall | undefined {
    return this.bound.shift() as PendingCall | undefined;
  }
}
