import type { CallMeta } from '@pypool/protocol';

import { Attempt } from '../call/attempt.js';
import type { PendingCall } from '../call/pending-call.js';
import type { Clock } from '../clock/clock.js';
import { asPypoolError } from '../errors.js';
import type { CallQueue } from '../strategies/queue.js';
import type { Roster } from '../worker/roster.js';
import type { WorkerRecord } from '../worker/worker-record.js';
import type { DispatcherOwner } from './dispatcher.js';
import type { FunctionLimits } from './function-limits.js';
import type { Prefetch } from './prefetch.js';
import type { QueueBytes } from './queue-bytes.js';

/** Who has to know of a call that it runs, and that it does no more. */
export interface RunningCallsParts {
  readonly clock: Clock;
  readonly roster: Roster;
  readonly queue: CallQueue;
  readonly limits: FunctionLimits;
  readonly bytes: QueueBytes | undefined;
  readonly owner: DispatcherOwner;
}

/** The calls that workers have: given here, each as one attempt, and taken off here when it was answered. */
export class RunningCalls {
  readonly #clock: Clock;
  readonly #roster: Roster;
  readonly #queue: CallQueue;
  readonly #limits: FunctionLimits;
  readonly #bytes: QueueBytes | undefined;
  readonly #owner: DispatcherOwner;
  /** Where calls are sent ahead. */
  prefetch: Prefetch | undefined;
  #count = 0;
  #given = 0;

  constructor({ clock, roster, queue, limits, bytes, owner }: RunningCallsParts) {
    this.#clock = clock;
    this.#roster = roster;
    this.#queue = queue;
    this.#limits = limits;
    this.#bytes = bytes;
    this.#owner = owner;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** How many there are of one function. */
  of(name: string): number {
    let running = 0;
    for (const record of this.#roster.all) {
      for (const { call } of record.running) if (call.name === name) running += 1;
    }
    return running;
  }

  /**
   * Give a call that is in no queue to a worker: to run, or where it has no free place ahead. It may be answered before this returns.
   *
   * @param aheadBytes what its arguments weigh, where it is sent ahead
   */
  run(record: WorkerRecord, call: PendingCall, now: number, aheadBytes = 0): void {
    const ahead = record.inFlight === record.concurrency;
    const attempt = new Attempt(call, record, this.#metaOf(call, now), this.#owner, now);
    attempt.ahead = ahead;
    attempt.aheadBytes = aheadBytes;
    call.state = ahead ? 'ahead' : 'running';
    this.#bytes?.left(call);
    call.attempts += 1;
    call.attempt = attempt;
    this.#count += 1;
    this.#given += 1;
    record.calls += 1;
    record.lastCall = this.#given;
    record.running.push(attempt);
    this.#roster.occupy(record);
    this.#queue.started(call);
    if (this.#limits.active) this.#limits.started(call);
    this.prefetch?.given(attempt, now);
    this.#owner.onGiven(record);
    try {
      record.worker!.run(attempt);
    } catch (error) {
      attempt.onError(asPypoolError(error, `Worker ${record.id}`));
    }
    // By whoever was told of it before the worker had it: a listener, or code within the arguments. What it said then was of a call that nobody knew.
    if (attempt.endedBy !== undefined) record.worker!.cancel(attempt, attempt.endedBy);
    else if (!call.wanted) record.worker!.leave(attempt);
  }

  /** A worker answered: its place is free, and the call in no queue. @param served whether it ran to its end */
  release(attempt: Attempt, now: number, served: boolean): void {
    const { call, worker } = attempt;
    this.#count -= 1;
    worker.running.remove(attempt);
    this.#roster.vacate(worker, now);
    this.#queue.ended(call);
    if (this.#limits.active) this.#limits.ended(call);
    this.prefetch?.released(attempt, now, served);
    call.attempt = undefined;
    call.state = 'placing';
  }

  /** The deadline travels with the call, as a time that other machines understand. */
  #metaOf(call: PendingCall, now: number): CallMeta | undefined {
    const { meta, endsAt } = call;
    const deadline = endsAt === Infinity ? undefined : Math.round(this.#clock.epochMs() + endsAt - now);
    const trace = call.watched?.trace ?? meta;
    if (trace === undefined) return deadline === undefined ? undefined : { deadline };
    // Of one shape, and no spread: what a spread has made takes V8 three times as long to write as JSON.
    return {
      session: meta?.session,
      attributes: meta?.attributes,
      deadline: deadline ?? meta?.deadline,
      traceparent: trace.traceparent,
      tracestate: trace.tracestate === '' ? undefined : trace.tracestate,
    };
  }
}
