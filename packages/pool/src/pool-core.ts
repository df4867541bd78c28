import type { PypoolError } from '@pypool/protocol';

import type { Attempt } from './call/attempt.js';
import { CallBook, type CallBookOwner } from './call/call-book.js';
import type { PendingCall } from './call/pending-call.js';
import type { PendingStream, StreamOwner } from './call/pending-stream.js';
import type { ClockHold, ClockTimer } from './clock/clock.js';
import type { WorkerExit } from './contract.js';
import { Dispatcher, type DispatcherOwner } from './dispatch/dispatcher.js';
import {
  aborted,
  checkoutTimeout,
  deadlineExceeded,
  firstWorkerTimeout,
  leftEarly,
  neverAnswered,
  noWorkerStarts,
  poolClosed,
  type PoolLoad,
  queueFull,
} from './errors.js';
import { Closing, type ClosingOwner } from './lifecycle/closing.js';
import { IdleSweep } from './lifecycle/idle-sweep.js';
import { Readiness } from './lifecycle/readiness.js';
import { isDeath, mayRunAgain } from './lifecycle/retry.js';
import { StartPolicy } from './lifecycle/start-policy.js';
import { Emitter } from './observe/emitter.js';
import { LoadEdges } from './observe/load-edges.js';
import { Counters } from './observe/stats.js';
import type { PoolCallOptions } from './options/call-options.js';
import type { ResolvedPoolOptions } from './options/pool-options.js';
import { hasFreePlace } from './strategies/selection.js';
import { Roster } from './worker/roster.js';
import { Supervisor, type SupervisorOwner } from './worker/supervisor.js';
import type { RetireReason, WorkerRecord } from './worker/worker-record.js';

/**
 * The wiring of a pool: every event ends in {@link PoolCore.reconcile}, which alone decides to dispatch, start and let go.
 *
 * What must always hold after it: if a call waits that could start and there are fewer workers than there may be, then a worker is on its way, or
 * the timer of a pause is armed.
 */
export class PoolCore implements CallBookOwner, DispatcherOwner, SupervisorOwner, ClosingOwner, StreamOwner {
  readonly options: ResolvedPoolOptions;
  readonly counters = new Counters();
  readonly events = new Emitter();
  readonly roster: Roster;
  readonly calls: Dispatcher;
  readonly policy: StartPolicy;
  readonly closing: Closing;
  readonly #book: CallBook;
  readonly #supervisor: Supervisor;
  readonly #readiness: Readiness;
  readonly #idle: IdleSweep;
  readonly #edges = new LoadEdges();
  readonly #hold: ClockHold;
  #held = false;
  #drains: (() => void)[] = [];
  #pause: ClockTimer | undefined;
  #reconciling = false;
  #again = false;

  constructor(options: ResolvedPoolOptions) {
    this.options = options;
    const { clock, size, idleTimeoutMs, minReady, queue, selection } = options;
    this.roster = new Roster(size);
    this.calls = new Dispatcher(clock, this.roster, selection, queue, this);
    this.policy = new StartPolicy(options, this.roster);
    this.closing = new Closing(clock, this);
    this.#book = new CallBook(options, this.counters, this);
    this.#supervisor = new Supervisor(options, this.roster, this);
    this.#readiness = new Readiness(this.roster, minReady);
    this.#idle = new IdleSweep(clock, this.roster, size, idleTimeoutMs, (record) =>
      this.#supervisor.retire(record, 'idle'),
    );
    this.#hold = clock.hold();
  }

  /** Calls that as many workers as there may be run at once. */
  get places(): number {
    const { readyPlaces, ready, placesPerWorker } = this.roster;
    return readyPlaces + Math.max(0, this.#maximum - ready.length) * placesPerWorker;
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

  ready(): Promise<void> {
    if (!this.closing.open) return Promise.reject(poolClosed(this.options.name, 'not-started'));
    const ready = this.#readiness.wait();
    this.reconcile();
    return ready;
  }

  drain(): Promise<void> {
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drains.push(resolve);
      this.reconcile();
    });
  }

  close(force: boolean, timeoutMs: number): Promise<void> {
    const first = this.closing.open;
    const closed = this.closing.begin(force, timeoutMs);
    if (first) {
      this.#readiness.fail(poolClosed(this.options.name, 'not-started'));
      if (this.events.heard('closing')) this.events.emit('closing', { pool: this.options.name });
    }
    this.reconcile();
    return closed;
  }

  load(): PoolLoad {
    return {
      pool: this.options.name,
      total: this.roster.live,
      busy: this.roster.ready.filter((record) => !hasFreePlace(record)).length,
      starting: this.roster.starting,
      queued: this.calls.waiting,
      maximum: this.#maximum,
    };
  }

  /** The one place of decisions. Whatever happens while it decides makes it look once more. */
  reconcile(): void {
    this.#again = true;
    if (this.#reconciling) return;
    this.#reconciling = true;
    try {
      while (this.#again) {
        this.#again = false;
        this.calls.dispatch();
        this.#startWorkers();
        this.#idle.watch();
        this.#announceEdge();
        this.#endDrains();
        this.closing.advance(this.#open, this.roster.all.size);
      }
      this.#keepAlive();
    } finally {
      this.#reconciling = false;
    }
  }

  // Calls

  onBegan(attempt: Attempt): void {
    attempt.since = this.options.clock.now();
    attempt.call.began();
  }

  onAnswered(attempt: Attempt, error: PypoolError | undefined, value: unknown): void {
    const { call, worker } = attempt;
    this.calls.release(attempt);
    if (error === undefined) this.#book.settle(call, undefined, value);
    else this.#onFailed(call, worker, error);
    this.#supervisor.vacated(worker);
    this.reconcile();
  }

  onRefused(call: PendingCall, error: PypoolError): void {
    if (call.state !== 'settled') this.#book.settle(call, error, undefined);
  }

  onGiven(record: WorkerRecord): void {
    if (record.calls >= this.options.maxCalls && record.state.kind === 'ready')
      this.#supervisor.retire(record, 'recycled');
  }

  onDue(call: PendingCall, now: number): void {
    const waitedMs = now - call.submittedAt;
    if (call.endsAt <= now) return this.#end(call, deadlineExceeded(call, waitedMs));
    const timeout = this.#book.clocksRun ? checkoutTimeout : firstWorkerTimeout;
    this.#end(call, timeout(call, this.load(), waitedMs, this.policy.lastFailure));
  }

  onAbort(call: PendingCall, reason: unknown): void {
    this.#end(call, aborted(call, reason));
  }

  grant(stream: PendingStream, items: number): void {
    const { attempt } = stream;
    attempt?.worker.worker?.grant(attempt, items);
  }

  leave(stream: PendingStream): void {
    const { attempt } = stream;
    if (attempt !== undefined) attempt.worker.worker?.leave(attempt);
    else this.#end(stream, leftEarly(stream));
  }

  // Workers

  onStarting({ id, slot }: WorkerRecord): void {
    this.counters.starts += 1;
    if (this.events.heard('worker-starting')) this.events.emit('worker-starting', this.#about(id, slot));
  }

  onReady(record: WorkerRecord): void {
    this.#book.runClocks();
    this.policy.ready();
    if (this.events.heard('worker-ready')) {
      const { id, slot, worker, startedAt, state } = record;
      this.events.emit('worker-ready', {
        ...this.#about(id, slot),
        facts: worker!.facts,
        startMs: state.since - startedAt,
      });
    }
    this.#readiness.grown();
    this.reconcile();
  }

  onStartFailed(record: WorkerRecord, error: PypoolError): void {
    this.counters.startFailures += 1;
    this.policy.startFailed(record, this.#supervisor.latest, error);
    if (this.events.heard('worker-start-failed')) {
      const now = this.options.clock.now();
      this.events.emit('worker-start-failed', {
        ...this.#about(record.id, record.slot),
        error,
        startMs: now - record.startedAt,
        failures: this.policy.failures,
        pauseMs: Math.max(0, this.policy.pausedUntil - now),
      });
    }
    this.#readiness.startFailed(error);
    if (this.policy.hopeless && this.roster.ready.length + this.roster.starting === 0) {
      this.#refuseWaiting(() => noWorkerStarts(this.options.name, this.policy.failures, error));
    }
    this.reconcile();
  }

  onRetiring(record: WorkerRecord, reason: RetireReason, error: PypoolError | undefined): void {
    if (reason === 'unavailable') this.policy.lost(record, this.#supervisor.latest, error);
    if (reason === 'unavailable' || reason === 'recycled') this.counters.restarts += 1;
    if (this.events.heard('worker-retiring')) {
      this.events.emit('worker-retiring', { ...this.#about(record.id, record.slot), reason, error });
    }
    this.calls.rebind(record);
    this.reconcile();
  }

  onExit(record: WorkerRecord, exit: WorkerExit): void {
    this.counters.exits += 1;
    for (const attempt of [...record.running]) attempt.onError(neverAnswered(record.id, exit.error));
    if (this.events.heard('worker-exit')) {
      const { id, slot, worker, calls, startedAt, state } = record;
      const livedMs = state.since - startedAt;
      this.events.emit('worker-exit', {
        ...this.#about(id, slot),
        facts: worker?.facts ?? {},
        exit,
        calls,
        livedMs,
      });
    }
    this.reconcile();
  }

  onGone(): void {
    this.reconcile();
  }

  // Closing

  onForce(): void {
    this.#refuseWaiting(() => poolClosed(this.options.name, 'not-started'));
    this.#supervisor.abortStarts();
    for (const record of [...this.roster.all])
      this.#supervisor.kill(record, poolClosed(this.options.name, 'unknown'));
    this.reconcile();
  }

  onStop(timeoutMs: number): void {
    this.#pause?.cancel();
    this.#idle.stop();
    this.#supervisor.abortStarts();
    for (const record of [...this.roster.ready]) this.#supervisor.retire(record, 'closing', timeoutMs);
    this.reconcile();
  }

  async onClose(): Promise<void> {
    try {
      await this.options.factory.close();
    } finally {
      if (this.events.heard('closed')) this.events.emit('closed', { pool: this.options.name });
    }
  }

  /** Calls that run or wait. */
  get #open(): number {
    return this.calls.running + this.calls.waiting;
  }

  get #maximum(): number {
    return this.options.size + this.options.overflow;
  }

  #admit(call: PendingCall): void {
    if (call.state === 'settled') return;
    if (!this.closing.open)
      return this.#book.settle(call, poolClosed(this.options.name, 'not-started'), undefined);
    const placement = this.calls.place(call, this.#mayWait);
    if (placement === 'full')
      this.#book.settle(call, queueFull(this.load(), this.options.maxQueue), undefined);
    else this.#book.watch(call);
    this.reconcile();
  }

  /** Whether one more call may wait: see `maxQueue`. */
  readonly #mayWait = (bound: boolean): boolean => {
    const { running, waiting, bound: boundNow } = this.calls;
    const room = this.places - running - (waiting - boundNow);
    if (!bound && room > 0) return true;
    return boundNow + Math.max(0, -room) < this.options.maxQueue;
  };

  #onFailed(call: PendingCall, worker: WorkerRecord, error: PypoolError): void {
    if (isDeath(error)) this.#supervisor.condemn(worker, error);
    const { endedBy } = call;
    if (endedBy === undefined && this.#mayRetry && mayRunAgain(call, error, this.options.maxAttempts)) {
      this.counters.retried += 1;
      if (this.events.heard('call-retried')) {
        const { id: callId, name, attempts } = call;
        this.events.emit('call-retried', {
          pool: this.options.name,
          callId,
          name,
          workerId: worker.id,
          attempts,
          error,
        });
      }
      this.calls.retry(call);
      this.#book.rewatch(call);
    } else {
      // A caller that gave up hears so, however the worker took it.
      this.#book.settle(call, endedBy !== undefined && isDeath(error) ? endedBy : error, undefined);
    }
  }

  get #mayRetry(): boolean {
    return this.closing.state === 'open' || this.closing.state === 'closing';
  }

  /** End a call before its time, wherever it is. */
  #end(call: PendingCall, error: PypoolError): void {
    const { attempt } = call;
    if (call.state === 'settled') return;
    if (attempt !== undefined) {
      if (call.endedBy !== undefined) return;
      call.endedBy = error;
      attempt.worker.worker!.cancel(attempt, error);
      return;
    }
    this.calls.withdraw(call);
    this.#book.settle(call, error, undefined);
    this.reconcile();
  }

  #refuseWaiting(why: () => PypoolError): void {
    for (const call of this.calls.clear()) this.#book.settle(call, why(), undefined);
  }

  #startWorkers(): void {
    const { open, state } = this.closing;
    if (!open && state !== 'closing') return;
    let wanted = this.policy.wanted(this.calls.eligible, this.#readiness.wanted, !open);
    if (wanted === 0) return;
    const { clock } = this.options;
    const pauseMs = this.policy.pausedUntil - clock.now();
    if (pauseMs > 0) {
      this.#pause?.cancel();
      this.#pause = clock.after(pauseMs, () => this.reconcile());
      return;
    }
    for (; wanted > 0 && this.#mayRetry; wanted -= 1) this.#supervisor.start();
  }

  #announceEdge(): void {
    const { places } = this;
    const edge = this.#edges.look(this.#open, places);
    if (edge === undefined || !this.events.heard(edge)) return;
    this.events.emit(edge, {
      pool: this.options.name,
      running: this.calls.running,
      queued: this.calls.waiting,
      places,
    });
  }

  #endDrains(): void {
    if (this.#drains.length === 0 || this.#open > 0) return;
    const drains = this.#drains;
    this.#drains = [];
    for (const resolve of drains) resolve();
  }

  /** Node lives exactly while somebody waits for something. */
  #keepAlive(): void {
    const needed =
      this.#open > 0 ||
      this.roster.starting > 0 ||
      this.closing.pending ||
      this.#drains.length > 0 ||
      this.#readiness.wanted > 0;
    if (needed === this.#held) return;
    this.#held = needed;
    if (needed) this.#hold.take();
    else this.#hold.release();
  }

  #about(workerId: string, slot: number) {
    return { pool: this.options.name, workerId, slot };
  }
}
