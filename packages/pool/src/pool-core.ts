import type { PypoolError } from '@pypool/protocol';

import { CallCourse, type CallCourseOwner } from './call/call-course.js';
import type { PendingStream } from './call/pending-stream.js';
import { StreamLeaks } from './call/stream-leaks.js';
import type { WorkerExit } from './contract.js';
import { Capacity } from './dispatch/capacity.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { QueueBytes } from './dispatch/queue-bytes.js';
import * as errors from './errors.js';
import { Closing, type ClosingOwner } from './lifecycle/closing.js';
import { Drains } from './lifecycle/drains.js';
import { IdleSweep } from './lifecycle/idle-sweep.js';
import { KeepAlive } from './lifecycle/keep-alive.js';
import { Readiness } from './lifecycle/readiness.js';
import { StartPolicy, type StartPolicyOwner } from './lifecycle/start-policy.js';
import { Turnover } from './lifecycle/turnover.js';
import { Announcer } from './observe/announcer.js';
import type { CallObserver } from './observe/call-observer.js';
import { Emitter } from './observe/emitter.js';
import { Counters } from './observe/stats.js';
import type { PoolCallOptions } from './options/call-options.js';
import type { ResolvedPoolOptions } from './options/pool-options.js';
import { Roster } from './worker/roster.js';
import { Supervisor, type SupervisorOwner } from './worker/supervisor.js';
import { isLoss, type RetireReason, type WorkerRecord } from './worker/worker-record.js';

/**
 * The wiring of a pool: every event ends in {@link PoolCore.reconcile}, which alone decides to dispatch, start and let go.
 *
 * What must always hold after it: if a call waits that could start and there are fewer workers than there may be, then a worker is on its
 * way, or the timer of a pause is armed.
 */
export class PoolCore implements CallCourseOwner, SupervisorOwner, StartPolicyOwner, ClosingOwner {
  readonly options: ResolvedPoolOptions;
  readonly counters = new Counters();
  readonly events = new Emitter();
  readonly roster: Roster;
  readonly calls: Dispatcher;
  readonly capacity: Capacity;
  readonly policy: StartPolicy;
  readonly closing: Closing;
  readonly supervisor: Supervisor;
  readonly turnover: Turnover;
  readonly announce: Announcer;
  readonly leaks: StreamLeaks;
  readonly #course: CallCourse;
  readonly #readiness: Readiness;
  readonly #idle: IdleSweep;
  readonly #drains = new Drains();
  readonly #alive: KeepAlive;
  #reconciling = false;
  #again = false;
  /** Nothing goes on but calls coming and going. */
  #calm = false;
  /** The workers are gone, and what they came from is being closed. */
  #factoryCloses = false;

  constructor(options: ResolvedPoolOptions) {
    const { clock, name, size, idleTimeoutMs, minIdle, queue, selection } = options;
    this.options = options;
    this.roster = new Roster(size, options.factory.concurrency);
    const { maxQueueBytes } = options;
    const bytes = maxQueueBytes === Infinity ? undefined : new QueueBytes(maxQueueBytes);
    this.#course = new CallCourse(this);
    this.calls = new Dispatcher(clock, this.roster, selection, queue, this.#course, bytes, options.prefetch);
    this.capacity = new Capacity(options, this.roster, this.calls, bytes);
    this.policy = new StartPolicy(options, this.roster, this);
    this.closing = new Closing(clock, this);
    this.supervisor = new Supervisor(options, this.roster, this);
    this.#readiness = new Readiness(this.roster, () => this.capacity.minReady);
    const rested = (record: WorkerRecord) => this.supervisor.retire(record, 'idle');
    this.#idle = new IdleSweep(clock, this.roster, idleTimeoutMs, minIdle, rested);
    this.announce = new Announcer(name, clock, this.events);
    this.leaks = new StreamLeaks(options, this.events);
    this.#alive = new KeepAlive(clock);
    this.turnover = new Turnover({
      options,
      roster: this.roster,
      capacity: this.capacity,
      policy: this.policy,
      supervisor: this.supervisor,
      announce: this.announce,
      reconcile: () => this.reconcile(),
    });
  }

  call(name: string, args: unknown, options: PoolCallOptions | undefined): Promise<unknown> {
    return this.#course.call(name, args, options);
  }

  stream(name: string, args: unknown, options: PoolCallOptions | undefined): PendingStream {
    return this.#course.stream(name, args, options);
  }

  observe(observer: CallObserver): () => void {
    return this.#course.observe(observer);
  }

  ready(): Promise<void> {
    if (!this.closing.open) return Promise.reject(this.closedError('not-started'));
    const ready = this.#readiness.wait();
    this.reconcile();
    return ready;
  }

  reload(): Promise<void> {
    if (!this.closing.open) return Promise.reject(this.closedError('not-started'));
    return this.turnover.reload();
  }

  resize(size: number): void {
    if (!this.closing.open) throw this.closedError('not-started');
    this.turnover.resize(size);
    this.#readiness.grown();
    this.reconcile();
  }

  drain(): Promise<void> {
    const drained = this.#drains.wait();
    this.reconcile();
    return drained;
  }

  close(force: boolean, timeoutMs: number): Promise<void> {
    const first = this.closing.open;
    const closed = this.closing.begin(force, timeoutMs);
    if (first) {
      this.#readiness.fail(this.closedError('not-started'));
      this.turnover.close(() => this.closedError('not-started'));
      this.announce.closing();
    }
    this.reconcile();
    return closed;
  }

  /**
   * A call came or went, and nothing else goes on. Where a place is free and nobody waits, that leaves nothing to decide; where there are as many workers as
   * may be and each has all it can take, at most what is sent ahead.
   *
   * @param now by the pool's clock
   */
  reconcileCalls(now: number): void {
    const { calls, roster, turnover, announce } = this;
    if (!this.#calm || turnover.mindsCalls) return this.reconcile();
    if (roster.freePlaces > 0) {
      if (calls.waiting > 0 || announce.saturated) return this.reconcile();
      this.#alive.while(calls.running > 0);
    } else {
      if (!announce.saturated || roster.live < this.capacity.maximum) return this.reconcile();
      this.#sendAhead(now);
    }
  }

  #sendAhead(now: number): void {
    // Whatever happens meanwhile is for the whole of `reconcile()`, and for afterwards.
    this.#reconciling = true;
    this.#calm = this.#again = false;
    try {
      this.calls.dispatch(now);
    } finally {
      this.#reconciling = false;
    }
    if (this.#again || this.turnover.mindsCalls) this.reconcile();
    else this.#calm = true;
  }

  /** The one place of decisions. Whatever happens while it decides makes it look once more. */
  reconcile(): void {
    this.#calm = false;
    this.#again = true;
    if (this.#reconciling) return;
    this.#reconciling = true;
    try {
      while (this.#again) {
        this.#again = false;
        this.calls.dispatch();
        this.#refuseHopeless();
        this.turnover.advance(this.calls.running);
        this.#startWorkers();
        this.#idle.watch();
        this.announce.load(this.capacity, this.calls);
        if (this.capacity.open === 0) this.#drains.end();
        this.closing.advance(this.capacity.open, this.roster.all.size);
      }
      this.#alive.while(this.#somebodyWaits);
      this.#calm = this.#isCalm;
    } finally {
      this.#reconciling = false;
    }
  }

  // Workers

  onStarting(record: WorkerRecord): void {
    this.counters.starts += 1;
    this.turnover.begin(record);
    const probe = this.policy.circuit.startBegins();
    this.announce.starting(record);
    if (probe) this.announce.circuitHalfOpen(record, this.policy.failures);
  }

  onReady(record: WorkerRecord): void {
    this.#course.runClocks();
    const recovered = this.policy.ready(this.turnover.extra);
    this.turnover.ready(record);
    this.calls.describe(record);
    this.announce.ready(record);
    if (recovered) this.announce.circuitClosed(record, this.policy.circuit.openedAt);
    this.#readiness.grown();
    this.reconcile();
  }

  onWorn(): void {
    this.turnover.worn();
    this.reconcile();
  }

  onStartFailed(record: WorkerRecord, error: PypoolError): void {
    this.counters.startFailures += 1;
    let opens = false;
    // Where a reload fails, its caller hears why, and the pool needs no other worker.
    if (this.turnover.startFailed(record, error)) this.policy.circuit.startAbandoned();
    else opens = this.policy.startFailed(record, this.supervisor.latest, error);
    const { failures, pausedUntil } = this.policy;
    this.announce.startFailed(record, error, failures, pausedUntil);
    if (opens) this.announce.circuitOpen(record, error, failures, pausedUntil);
    this.#readiness.startFailed(error);
    this.reconcile();
  }

  onRetiring(record: WorkerRecord, reason: RetireReason, error: PypoolError | undefined): void {
    // One that was ended for what it held may be followed by another that holds as much.
    if (isLoss(reason) || error !== undefined) this.policy.lost(record, this.supervisor.latest, error);
    if (isLoss(reason) || reason === 'recycled' || reason === 'reloaded') this.counters.restarts += 1;
    this.announce.retiring(record, reason, error);
    this.calls.rebind(record);
    this.reconcile();
  }

  onExit(record: WorkerRecord, exit: WorkerExit): void {
    this.counters.exits += 1;
    for (const attempt of [...record.running]) attempt.onError(errors.neverAnswered(record.id, exit.error));
    this.announce.exited(record, exit);
    this.reconcile();
  }

  // Closing

  onForce(limitMs: number | undefined): void {
    this.#refuseClosed(limitMs);
    this.supervisor.abortStarts();
    for (const record of [...this.roster.all]) this.supervisor.kill(record, this.closedError('unknown'));
    this.reconcile();
  }

  onStop(timeoutMs: number): void {
    this.#course.stop();
    this.calls.stop();
    this.policy.stop();
    this.#idle.stop();
    this.turnover.stop();
    this.supervisor.abortStarts();
    for (const record of [...this.roster.ready]) this.supervisor.retire(record, 'closing', { timeoutMs });
    this.reconcile();
  }

  async onClose(): Promise<void> {
    this.#factoryCloses = true;
    try {
      await this.options.factory.close();
    } finally {
      this.#factoryCloses = false;
      this.#alive.while(this.#somebodyWaits);
      this.announce.closed();
    }
  }

  /** While the circuit is not closed, calls wait for workers that are up, and for no others; and for none once the pool has ended what was left. */
  #refuseHopeless(): void {
    const { waiting, ahead } = this.calls;
    // One that was on its way from one place to another when the rest was refused.
    if (waiting > ahead && !this.mayStart) this.#refuseClosed(this.closing.forcedAfterMs);
    if (this.policy.circuit.state === 'closed') return;
    const { trouble } = this.policy;
    if (trouble === undefined || this.roster.ready.length > 0 || waiting === ahead) return;
    const nextStartMs = Math.max(0, trouble.pausedUntil - this.options.clock.now());
    this.#course.refuseWaiting(() => errors.circuitOpen(this.options.name, trouble, nextStartMs));
  }

  #refuseClosed(limitMs: number | undefined): void {
    this.#course.refuseWaiting((call) => errors.closedWhileWaiting(this.options.name, call, limitMs));
  }

  #startWorkers(): void {
    if (!this.mayStart) return;
    const { extra } = this.turnover;
    const closing = !this.closing.open;
    let starts = this.policy.startsNow(this.capacity.wanting, this.#readiness.wanted, closing, extra);
    // Each start is an event, whose listener may close the pool.
    for (; starts > 0 && this.mayStart; starts -= 1) this.supervisor.start();
  }

  /** While it closes, a pool still starts what its waiting calls need. */
  get mayStart(): boolean {
    return this.closing.state === 'open' || this.closing.state === 'closing';
  }

  /** Whether every worker there should be is ready, and nobody waits for anything but an answer. */
  get #isCalm(): boolean {
    const { closing, roster, policy, options } = this;
    return (
      closing.open &&
      options.minIdle === 0 &&
      roster.live === roster.ready.length &&
      roster.ready.length <= roster.size &&
      policy.circuit.state === 'closed' &&
      this.#readiness.wanted === 0 &&
      !this.#drains.pending
    );
  }

  get #somebodyWaits(): boolean {
    const { closing, roster } = this;
    const waiters = this.#drains.pending || this.#readiness.wanted > 0 || this.turnover.reloading;
    const closes = closing.pending || this.#factoryCloses;
    return this.capacity.open > 0 || roster.starting > 0 || closes || waiters;
  }

  closedError(outcome: 'not-started' | 'unknown'): PypoolError {
    return errors.poolClosed(this.options.name, outcome);
  }
}
