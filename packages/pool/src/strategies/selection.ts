import type { CallMeta } from '@pypool/protocol';

/** A call, as far as choosing its worker goes. */
export interface SelectableCall {
  readonly kind: 'call' | 'stream';
  readonly name: string;
  /** As the caller gave it, the session included. */
  readonly meta: CallMeta | undefined;
  /** How often a worker has been tried: 0 before the first. */
  readonly attempts: number;
}

/** A ready worker, as far as choosing goes: a live view of the pool's own record, to be read at once and not kept. */
export interface SelectableWorker {
  /** Unique in the process and never used again: safe to remember a worker by. */
  readonly id: string;
  readonly slot: number;
  /** Calls it runs now. It has a free place while this is below `concurrency`. */
  readonly inFlight: number;
  readonly concurrency: number;
  /** Calls it was ever given. */
  readonly calls: number;
  /** Running number of the last call it was given, over the whole pool: the smallest has rested longest; 0 has done nothing yet. */
  readonly lastCall: number;
  /** Above the pool's `size`: it leaves when idle, so a call better goes elsewhere where that makes no difference. */
  readonly overflow: boolean;
}

/**
 * Which worker serves a call.
 *
 * The pool asks when a call is submitted (whether or not a place is free), when a place becomes free and the call is next in the
 * queue, and when the worker that it waited for is gone. The answer is followed in the same turn, so a strategy may remember it:
 *
 * - a worker with a free place: the call runs there;
 * - a worker without one: the call waits for that worker and no other, first come first served, ahead of the pool's queue. It holds
 *   up nobody else, and asks for no further worker to be started. When that worker goes, the pool asks again;
 * - `null`: any worker will do, or none that is ready; the call waits in the pool's queue. Where a place is free, `null` also holds
 *   up the calls behind it until the next event: name the worker to wait for instead;
 * - a thrown PypoolError: the call is rejected with it, outcome `not-started`. Anything else thrown rejects it as `internal`.
 *
 * It is called on the hot path: synchronous, no allocation where it can be helped. One object serves one pool.
 */
export interface SelectionStrategy {
  /** For `status()` and logs, for example `"least-busy"`. */
  readonly name: string;
  /**
   * Whether any worker will do: then a call may be sent to one before that has a free place (`prefetch`), without asking, and nobody is asked while there is no such place. Not where it matters which worker serves a call.
   * @defaultValue `false`
   */
  readonly sendsAhead?: boolean;
  /** @param workers every ready worker by ascending slot, busy ones included; those that leave or are being started are not among them. With `sendsAhead`, only the one that has a free place, where that is the only one. */
  select(call: SelectableCall, workers: readonly SelectableWorker[]): SelectableWorker | null;
}

/** Whether a worker can take a call now. */
export function hasFreePlace(worker: SelectableWorker): boolean {
  return worker.inFlight < worker.concurrency;
}
