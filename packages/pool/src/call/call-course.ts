import type { PypoolError } from '@pypool/protocol';

import type { Capacity } from '../dispatch/capacity.js';
import type { Dispatcher, DispatcherOwner } from '../dispatch/dispatcher.js';
import * as errors from '../errors.js';
import type { Closing } from '../lifecycle/closing.js';
import { isDeath, mayRunAgain } from '../lifecycle/retry.js';
import type { StartPolicy } from '../lifecycle/start-policy.js';
import type { Turnover } from '../lifecycle/turnover.js';
import type { Announcer } from '../observe/announcer.js';
import type { CallObserver } from '../observe/call-observer.js';
import type { Counters } from '../observe/stats.js';
import { CallObservers } from '../observe/watched-call.js';
import type { PoolCallOptions } from '../options/call-options.js';
import type { ResolvedPoolOptions } from '../options/pool-options.js';
import type { Supervisor } from '../worker/supervisor.js';
import type { WorkerRecord } from '../worker/worker-record.js';
import type { Attempt } from './attempt.js';
import { CallBook, type CallBookOwner } from './call-book.js';
import type { PendingCall } from './pending-call.js';
import type { PendingStream, StreamOwner } from './pending-stream.js';
import type { StreamLeaks } from './stream-leaks.js';

/** The pool around its calls. */
export interface CallCourseOwner {
  readonly options: ResolvedPoolOptions;
  readonly counters: Counters;
  readonly calls: Dispatcher;
  readonly capacity: Capacity;
  readonly policy: StartPolicy;
  readonly closing: Closing;
  readonly supervisor: Supervisor;
  readonly turnover: Turnover;
  readonly announce: Announcer;
  readonly leaks: StreamLeaks;
  /** Whether a call may still be given to a worker. */
  readonly mayStart: boolean;
  closedError(outcome: 'not-started'): PypoolError;
  /** Something has changed that decisions are made from. */
  reconcile(): void;
  /** A call has come or gone, and nothing else. @param now by the pool's clock */
  reconcileCalls(now: number): void;
}

/** What happens to a call between being made and being settled: it is admitted, answered, run again, or ended before its time. */
export class CallCourse implements CallBookOwner, DispatcherOwner, StreamOwner {
  readonly #pool: CallCourseOwner;
  readonly #book: CallBook;

  constructor(pool: CallCourseOwner) {
    this.#pool = pool;
    this.#book = new CallBook(pool.options, pool.counters, this);
  }

  call(name: string, args: unknown, options: PoolCallOptions | undefined): Promise<unknown> {
    return new Promise((resolve) => this.#admit(this.#book.call(name, args, options, resolve)));
  }

  stream(name: string, args: unknown, options: PoolCallOptions | undefined): PendingStream {
    const stream = this.#book.stream(name, args, options);
    stream.owner = this;
    this.#admit(stream);
    return stream;
  }

  /** Have calls that are made from now on observed, until what this returns is called. */
  observe(observer: CallObserver): () => void {
    const book = this.#book;
    const observers = (book.observers ??= new CallObservers(this.#pool.options.name));
    observers.add(observer);
    return () => {
      observers.remove(observer);
      // An object that another one may have been put in place of meanwhile.
      if (observers.size === 0 && book.observers === observers) book.observers = undefined;
    };
  }

  /** Fail all that wait. */
  refuseWaiting(why: (call: PendingCall) => PypoolError): void {
    for (const call of this.#pool.calls.clear()) {
      // Whoever watches one of them may end another.
      if (call.state !== 'settled') this.#book.fail(call, why(call));
    }
  }

  /** A worker is ready. From the first on, waiting costs time. */
  runClocks(): void {
    this.#book.runClocks();
  }

  /** No call is open, and none will be. */
  stop(): void {
    this.#book.stop();
  }

  onBegan(attempt: Attempt): void {
    const { call } = attempt;
    // Any other has begun in the moment in which it was given.
    let aheadMs = 0;
    if (attempt.ahead) {
      const now = this.#pool.options.clock.now();
      aheadMs = now - attempt.since;
      attempt.since = now;
      attempt.ahead = false;
    }
    if (call.state === 'ahead') call.state = 'running';
    if (call.watched !== undefined) call.watched.began(attempt, attempt.since, aheadMs);
    call.began();
  }

  onAnswered(attempt: Attempt, error: PypoolError | undefined, value: unknown): void {
    const { call, worker } = attempt;
    const pool = this.#pool;
    const now = pool.options.clock.now();
    pool.calls.release(
      attempt,
      now,
      attempt.endedBy === undefined && (error === undefined || error.outcome === 'finished'),
    );
    if (error === undefined) this.#book.succeed(call, value, now);
    else this.#onFailed(attempt, error);
    pool.supervisor.vacated(worker);
    pool.reconcileCalls(now);
  }

  onRevoked(attempt: Attempt): void {
    const { call, worker, ahead } = attempt;
    const pool = this.#pool;
    pool.counters.takenBack += 1;
    call.watched?.takenBack();
    // Asked for only now: whoever was told may have ended it.
    const { endedBy } = attempt;
    pool.calls.release(attempt, pool.options.clock.now(), false);
    if (endedBy !== undefined) this.#book.fail(call, endedBy);
    else if (!pool.mayStart) this.#refuse(call);
    else {
      pool.calls.giveBack(call, worker);
      if (!ahead) this.#book.waitsOn(call);
    }
    pool.supervisor.vacated(worker);
    pool.reconcile();
  }

  onRefused(call: PendingCall, error: PypoolError): void {
    if (call.state !== 'settled') this.#book.fail(call, error);
  }

  onGiven(record: WorkerRecord): void {
    if (record.calls >= record.callLimit) this.#pool.turnover.spent(record);
  }

  onDue(call: PendingCall, now: number): void {
    const { capacity, policy } = this.#pool;
    const waitedMs = now - call.submittedAt;
    const load = capacity.load();
    const { lastFailure } = policy;
    if (call.endsAt <= now)
      return this.#end(call, errors.deadlineExceeded(call, waitedMs, load, lastFailure));
    const timeout = this.#book.clocksRun ? errors.checkoutTimeout : errors.firstWorkerTimeout;
    this.#end(call, timeout(call, load, waitedMs, lastFailure));
  }

  onAbort(call: PendingCall, reason: unknown): void {
    this.#end(call, errors.aborted(call, reason));
  }

  onLeft(stream: PendingStream): void {
    this.#end(stream, errors.leftEarly(stream));
  }

  onEnded(stream: PendingStream): void {
    this.#pool.leaks.ended(stream);
  }

  #admit(call: PendingCall): void {
    if (call.state === 'settled') return;
    const { options, calls, capacity, policy, closing } = this.#pool;
    if (!closing.open) return this.#book.fail(call, this.#pool.closedError('not-started'));
    const waits = call.terms.checkoutTimeoutMs > 0;
    const placement = calls.place(call, call.submittedAt, waits ? capacity.mayWait : never);
    if (placement === 'full') {
      const load = capacity.load();
      if (waits) this.#book.fail(call, errors.queueFull(load, options.maxQueue, capacity.bytes, call));
      else this.#book.fail(call, errors.checkoutTimeout(call, load, 0, policy.lastFailure));
    } else {
      this.#book.watch(call);
    }
    this.#pool.reconcileCalls(call.submittedAt);
  }

  #onFailed({ call, worker, endedBy, ahead }: Attempt, error: PypoolError): void {
    const { options, calls, counters, supervisor, announce } = this.#pool;
    const death = isDeath(error);
    // Before anybody hears of it: a listener may end the call, or close the pool, and the call may have run.
    this.#book.doubt(call, error);
    if (death) supervisor.condemn(worker, error);
    if (call.state === 'settled') return;
    // It was never more than sent ahead, and that is no try.
    const isUntried = ahead && endedBy === undefined && error.outcome === 'not-started' && call.wanted;
    if (isUntried && !this.#pool.mayStart) {
      this.#refuse(call);
    } else if (isUntried && death) {
      calls.giveBack(call, worker);
    } else if (
      endedBy === undefined &&
      this.#pool.mayStart &&
      mayRunAgain(call, worker, error, options.maxAttempts)
    ) {
      counters.retried += 1;
      calls.retry(call);
      this.#book.rewatch(call);
      call.watched?.retried(call, worker.id, error);
      announce.retried(call, worker, error);
    } else {
      // A caller that gave up hears so, however the worker took it.
      this.#book.fail(call, death ? (endedBy ?? error) : error);
    }
  }

  /** A call waited, though at a worker, when the pool ended what was left. */
  #refuse(call: PendingCall): void {
    const { options, closing } = this.#pool;
    this.#book.fail(call, errors.closedWhileWaiting(options.name, call, closing.forcedAfterMs));
  }

  /** End a call before its time, wherever it is. */
  #end(call: PendingCall, error: PypoolError): void {
    const { attempt } = call;
    if (call.state === 'settled' || attempt?.endedBy !== undefined) return;
    if (attempt !== undefined) {
      attempt.endedBy = error;
      if (!attempt.ahead) this.#pool.calls.prefetch?.ends(attempt);
      attempt.worker.worker?.cancel(attempt, error);
      return;
    }
    this.#pool.calls.withdraw(call);
    this.#book.fail(call, error);
    this.#pool.reconcile();
  }
}

/** For calls that may not wait. */
function never(): boolean {
  return false;
}
