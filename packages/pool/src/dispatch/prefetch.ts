import { approximateBytes } from '@pypool/protocol';

import type { Attempt } from '../call/attempt.js';
import { CallList } from '../call/call-list.js';
import type { PendingCall } from '../call/pending-call.js';
import type { Clock } from '../clock/clock.js';
import type { PrefetchOptions } from '../options/prefetch-options.js';
import type { CallQueue } from '../strategies/queue.js';
import type { Roster } from '../worker/roster.js';
import type { WorkerRecord } from '../worker/worker-record.js';
import type { FunctionLimits } from './function-limits.js';
import { ServiceTimes, UNKNOWN_US } from './service-times.js';
import { TakeBack } from './take-back.js';

/** Work that may wait at a worker, those calls included that it runs. */
const WINDOW_US = 1_000;

/** Workers that are looked at for one event. */
const TRIES = 4;

/** What {@link Prefetch} works on. */
export interface PrefetchParts {
  readonly clock: Clock;
  readonly roster: Roster;
  readonly queue: CallQueue;
  readonly limits: FunctionLimits;
  /** Give a call that is in no queue to a worker without a free place. */
  readonly send: (record: WorkerRecord, call: PendingCall, now: number, bytes: number) => void;
}

/**
 * Sends workers their next calls before they have answered those that they run.
 *
 * A worker may have more when it has answered, and until it has enough: so only those are looked at, and a call costs the same however many workers
 * there are. No worker is given more than its share of all open calls, for what is ahead at one is no work for another.
 */
export class Prefetch {
  readonly #parts: PrefetchParts;
  readonly #options: Required<PrefetchOptions>;
  readonly times = new ServiceTimes();
  readonly takeBack: TakeBack;
  /** Calls that were sent ahead, as often as they were. */
  sentAhead = 0;
  /** Workers that may have room for more. */
  readonly #hungry = new CallList<WorkerRecord>();

  constructor(parts: PrefetchParts, options: Required<PrefetchOptions>) {
    this.#parts = parts;
    this.#options = options;
    this.takeBack = new TakeBack(parts.clock, parts.roster, options.takeBackAfterMs);
  }

  /** A worker was given a call: to run, or ahead. */
  given(attempt: Attempt, now: number): void {
    const { call, worker } = attempt;
    attempt.expectedUs = this.#expectedUs(call);
    worker.expectedUs += attempt.expectedUs;
    if (attempt.ahead) {
      this.sentAhead += 1;
      this.takeBack.watch();
    } else worker.progressAt = now;
  }

  /** A worker has answered a call, or given it back. @param served whether it ran to its end */
  released(attempt: Attempt, now: number, served: boolean): void {
    const { call, worker } = attempt;
    worker.expectedUs -= attempt.expectedUs;
    worker.aheadBytes -= attempt.aheadBytes;
    if (attempt.askedBack) worker.askedBack -= 1;
    // One that was ended before it began says nothing of the worker: it may be stuck in the call before.
    else if (!attempt.ahead) worker.progressAt = now;
    if (served && call.kind === 'call') this.times.took(call.name, now - attempt.since);
    if (worker.list === undefined && worker.state.kind === 'ready') this.#hungry.push(worker);
  }

  /**
   * A call that a worker runs is to end, and it is for nobody to know how long that takes: nothing goes behind it until the worker has answered, and what waits
   * there has lost its turn.
   */
  ends({ worker }: Attempt): void {
    worker.progressAt = -Infinity;
    this.takeBack.ask(worker);
  }

  /** A worker takes no more calls. Those it has may go on; a lost one is asked for what it has not begun. */
  leaves(record: WorkerRecord, isLost: boolean): void {
    this.#hungry.remove(record);
    if (isLost) this.takeBack.ask(record);
  }

  /** Send what waits in the queue ahead, where no place is free for it. */
  feed(now: number): void {
    const { queue, limits } = this.#parts;
    if (this.#hungry.size === 0 || queue.eligible === 0) return;
    // A place that is to become free is for them: calls that were held until others of their function had ended.
    if (limits.held > 0 && limits.eligible > 0) return;
    for (let tries = Math.min(TRIES, this.#hungry.size); tries > 0 && queue.eligible > 0; tries -= 1) {
      const record = this.#hungry.shift();
      if (record === undefined) return;
      // Behind the others, which are next in turn.
      if (this.#fill(record, now) && record.list === undefined) this.#hungry.push(record);
    }
  }

  /** @returns whether it would take more, if there were more, or more for its share of that */
  #fill(record: WorkerRecord, now: number): boolean {
    const { queue, send } = this.#parts;
    while (this.#hasRoom(record, now)) {
      if (queue.eligible === 0 || !this.#isShort(record)) return true;
      const call = queue.take() as PendingCall;
      // In this order: only what is short enough is weighed, which takes longer the more there is of it.
      const bytes = this.#isQuick(record, call) ? this.#bytesOf(call) : undefined;
      if (bytes === undefined || record.aheadBytes + bytes > this.#options.maxBytes) {
        queue.putBack(call);
        return false;
      }
      record.aheadBytes += bytes;
      send(record, call, now, bytes);
    }
    return false;
  }

  /** What is ahead at one worker is no work for another: so none has more than its share of all that is open. */
  #isShort({ inFlight, ahead }: WorkerRecord): boolean {
    const { queue, roster } = this.#parts;
    return (inFlight + ahead) * roster.ready.length < roster.readyCalls + roster.ahead + queue.size;
  }

  #hasRoom(record: WorkerRecord, now: number): boolean {
    const { inFlight, ahead, expectedUs, worker } = record;
    if (record.state.kind !== 'ready' || worker?.revoke === undefined) return false;
    // With a free place it needs nothing ahead; what it was asked for would come back behind what it gets now.
    if (inFlight < record.concurrency || record.askedBack > 0 || record.bound.size > 0) return false;
    if (expectedUs >= WINDOW_US || ahead >= this.#options.maxCalls) return false;
    // It runs one that takes longer than was expected, or is about to leave.
    return (now - record.progressAt) * 1000 <= WINDOW_US && record.calls < record.callLimit;
  }

  #isQuick(record: WorkerRecord, call: PendingCall): boolean {
    if (record.expectedUs + this.#expectedUs(call) > WINDOW_US) return false;
    return !this.#parts.limits.has(call.name);
  }

  #expectedUs({ kind, name }: PendingCall): number {
    return kind === 'call' ? this.times.expectedUs(name) : UNKNOWN_US;
  }

  #bytesOf({ args }: PendingCall): number {
    return this.#options.maxBytes === Infinity ? 0 : approximateBytes(args);
  }
}
