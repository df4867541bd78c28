import type { PypoolError } from '@pypool/protocol';

import type { PendingCall } from '../call/pending-call.js';
import type { Clock } from '../clock/clock.js';
import type { WorkerExit } from '../contract.js';
import type { RetireReason, WorkerRecord } from '../worker/worker-record.js';
import type { Emitter } from './emitter.js';
import type { LoadEvent, WorkerEvent } from './events.js';

/** How many calls there is room for at once, and how much of that is taken. */
interface Load {
  readonly taken: number;
  readonly places: number;
}

/** Calls that workers have, and that wait. */
interface Waiters {
  readonly running: number;
  readonly waiting: number;
}

/** Puts what happens into events, where somebody listens. */
export class Announcer {
  readonly #pool: string;
  readonly #clock: Clock;
  readonly #events: Emitter;
  #saturated = false;

  constructor(pool: string, clock: Clock, events: Emitter) {
    this.#pool = pool;
    this.#clock = clock;
    this.#events = events;
  }

  starting(record: WorkerRecord): void {
    if (this.#events.heard('worker-starting')) this.#events.emit('worker-starting', this.#about(record));
  }

  ready(record: WorkerRecord): void {
    if (!this.#events.heard('worker-ready')) return;
    const startMs = record.state.since - record.startedAt;
    this.#events.emit('worker-ready', { ...this.#about(record), facts: factsOf(record), startMs });
  }

  startFailed(record: WorkerRecord, error: PypoolError, failures: number, pausedUntil: number): void {
    if (!this.#events.heard('worker-start-failed')) return;
    const now = this.#clock.now();
    const startMs = now - record.startedAt;
    const pauseMs = Math.max(0, pausedUntil - now);
    this.#events.emit('worker-start-failed', { ...this.#about(record), error, startMs, failures, pauseMs });
  }

  circuitOpen(record: WorkerRecord, error: PypoolError, failures: number, pausedUntil: number): void {
    if (!this.#events.heard('circuit-open')) return;
    const pauseMs = Math.max(0, pausedUntil - this.#clock.now());
    this.#events.emit('circuit-open', { ...this.#about(record), error, failures, pauseMs });
  }

  circuitHalfOpen(record: WorkerRecord, failures: number): void {
    if (!this.#events.heard('circuit-half-open')) return;
    this.#events.emit('circuit-half-open', { ...this.#about(record), failures });
  }

  circuitClosed(record: WorkerRecord, openedAt: number): void {
    if (!this.#events.heard('circuit-closed')) return;
    const openMs = this.#clock.now() - openedAt;
    this.#events.emit('circuit-closed', { ...this.#about(record), openMs });
  }

  retiring(record: WorkerRecord, reason: RetireReason, error: PypoolError | undefined): void {
    if (!this.#events.heard('worker-retiring')) return;
    const { state } = record;
    const reached = state.kind === 'retiring' ? state.reached : undefined;
    this.#events.emit('worker-retiring', { ...this.#about(record), reason, error, reached });
  }

  exited(record: WorkerRecord, exit: WorkerExit): void {
    if (!this.#events.heard('worker-exit')) return;
    const livedMs = record.state.since - record.startedAt;
    const { calls } = record;
    this.#events.emit('worker-exit', {
      ...this.#about(record),
      facts: factsOf(record),
      exit,
      calls,
      livedMs,
    });
  }

  retried(
    { id: callId, name, attempts }: PendingCall,
    { id: workerId }: WorkerRecord,
    error: PypoolError,
  ): void {
    if (!this.#events.heard('call-retried')) return;
    this.#events.emit('call-retried', { pool: this.#pool, callId, name, workerId, attempts, error });
  }

  /** Whether calls had more to do than there are places when {@link load} looked last. */
  get saturated(): boolean {
    return this.#saturated;
  }

  /** Looks for an edge: the moment a pool becomes full, or has room again. */
  load({ taken, places }: Load, { running, waiting: queued }: Waiters): void {
    const saturated = taken + queued >= places;
    if (saturated === this.#saturated) return;
    this.#saturated = saturated;
    const edge = saturated ? 'saturated' : 'available';
    if (!this.#events.heard(edge)) return;
    this.#events.emit(edge, { pool: this.#pool, running, queued, places } satisfies LoadEvent);
  }

  reloaded(reloadMs: number): void {
    if (this.#events.heard('reloaded')) this.#events.emit('reloaded', { pool: this.#pool, reloadMs });
  }

  reloadFailed(error: PypoolError): void {
    if (this.#events.heard('reload-failed')) this.#events.emit('reload-failed', { pool: this.#pool, error });
  }

  closing(): void {
    if (this.#events.heard('closing')) this.#events.emit('closing', { pool: this.#pool });
  }

  closed(): void {
    if (this.#events.heard('closed')) this.#events.emit('closed', { pool: this.#pool });
  }

  #about({ id, slot }: WorkerRecord): WorkerEvent {
    return { pool: this.#pool, workerId: id, slot };
  }
}

function factsOf({ worker }: WorkerRecord): Readonly<Record<string, unknown>> {
  return worker?.facts ?? {};
}
