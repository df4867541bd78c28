import { createError, type PypoolError } from '@pypool/protocol';
import type { WorkerEventHub } from './events.js';
import type { ProcessWorker } from './life/process-worker.js';
import { LONGEST_TIMER_MS } from './longest-timer.js';

/** Heartbeats in a row that an idle worker has to miss before it is taken for lost. */
const MISSED_WHILE_IDLE = 3;

/** What a heartbeat knows of a worker. */
export type Patient = Pick<ProcessWorker, 'id' | 'pid' | 'state' | 'idle' | 'stopped' | 'ping' | 'kill'>;

/** How workers are watched. Milliseconds. */
export interface HeartbeatOptions {
  readonly intervalMs: number;
  /** How long a worker may be silent that does nothing: its process is stopped, or it has no call. */
  readonly unresponsiveTimeoutMs: number;
}

interface Pulse {
  sentAt: number;
  /** Number of the PING that has not been answered; 0 for none. */
  waitsFor: number;
  suspected: boolean;
  /** When its process was first seen stopped, since it last was seen otherwise. */
  stoppedSince: number | undefined;
  /** When it was first seen silent with nothing to do, and how often since, likewise. */
  idleSince: number | undefined;
  idleLooks: number;
}

/**
 * Asks every worker in turn whether its control thread is there. One timer for all of them, which keeps nothing alive.
 *
 * One that does not answer is reported. It is ended only where nothing is to be lost by that: its process is stopped, or it has no call. What runs may
 * hold the interpreter for good reason, and how long it may take is for its budgets to say.
 */
export class Heartbeat {
  readonly #hub: WorkerEventHub;
  readonly #options: HeartbeatOptions;
  readonly #pulses = new Map<Patient, Pulse>();
  #timer: NodeJS.Timeout | undefined;
  #count = 0;
  #dueAt = 0;

  constructor(hub: WorkerEventHub, options: HeartbeatOptions) {
    this.#hub = hub;
    this.#options = options;
  }

  add(worker: Patient): void {
    const { intervalMs } = this.#options;
    if (intervalMs === 0 || !Number.isFinite(intervalMs)) return;
    this.#pulses.set(worker, {
      sentAt: 0,
      waitsFor: 0,
      suspected: false,
      stoppedSince: undefined,
      idleSince: undefined,
      idleLooks: 0,
    });
    if (this.#timer !== undefined) return;
    this.#dueAt = performance.now() + intervalMs;
    this.#timer = setInterval(() => this.#beat(), Math.min(intervalMs, LONGEST_TIMER_MS)).unref();
  }

  remove(worker: Patient): void {
    this.#pulses.delete(worker);
    if (this.#pulses.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  answered(worker: Patient, n: number): void {
    const pulse = this.#pulses.get(worker);
    if (pulse?.waitsFor !== n) return;
    pulse.waitsFor = 0;
    seenAlive(pulse);
    if (!pulse.suspected) return;
    pulse.suspected = false;
    this.#hub.emit('worker-recovered', { workerId: worker.id });
  }

  /**
   * A stall of Node's own loop blames no worker. What the last beat left unanswered is judged after the loop has read what has arrived; and a
   * beat that comes late judges nothing at all, for what it sent before may have left only now.
   */
  #beat(): void {
    const { intervalMs } = this.#options;
    const isLate = performance.now() - this.#dueAt > intervalMs / 2;
    this.#dueAt = performance.now() + intervalMs;
    setImmediate(() => {
      this.#count += 1;
      for (const [worker, pulse] of [...this.#pulses]) {
        if (pulse.waitsFor === 0) this.#ask(worker, pulse);
        else if (isLate) pulse.sentAt = performance.now();
        else this.#judge(worker, pulse);
      }
    });
  }

  #ask(worker: Patient, pulse: Pulse): void {
    pulse.waitsFor = this.#count;
    pulse.sentAt = performance.now();
    worker.ping(this.#count);
  }

  #judge(worker: Patient, pulse: Pulse): void {
    if (worker.state !== 'ready' && worker.state !== 'closing') return; // its end is on its way
    const now = performance.now();
    const { stopped } = worker;
    if (!pulse.suspected) {
      pulse.suspected = true;
      const silentMs = Math.round(now - pulse.sentAt);
      this.#hub.emit('worker-suspect', { workerId: worker.id, silentMs, stopped });
    }
    const { unresponsiveTimeoutMs: limitMs } = this.#options;
    if (stopped) {
      pulse.stoppedSince ??= now;
      if (now - pulse.stoppedSince >= limitMs) void worker.kill(stoppedTooLong(worker, limitMs));
    } else if (worker.idle) {
      pulse.stoppedSince = undefined;
      pulse.idleSince ??= now;
      pulse.idleLooks += 1;
      const isLost = pulse.idleLooks >= MISSED_WHILE_IDLE && now - pulse.idleSince >= limitMs;
      if (isLost) void worker.kill(silentWhileIdle(worker, limitMs));
    } else seenAlive(pulse);
  }
}

function seenAlive(pulse: Pulse): void {
  pulse.stoppedSince = pulse.idleSince = undefined;
  pulse.idleLooks = 0;
}

function stoppedTooLong({ id, pid }: Patient, unresponsiveTimeoutMs: number): PypoolError {
  return createError({
    code: 'worker-unresponsive',
    message: `Worker ${id} was ended: its process (pid ${pid}) was stopped, by SIGSTOP or a debugger, for longer than unresponsiveTimeoutMs (${unresponsiveTimeoutMs} ms).`,
    outcome: 'unknown',
    context: { workerId: id, pid, stopped: true, unresponsiveTimeoutMs },
  });
}

function silentWhileIdle({ id, pid }: Patient, unresponsiveTimeoutMs: number): PypoolError {
  return createError({
    code: 'worker-unresponsive',
    message: `Worker ${id} (pid ${pid}) was ended: it had no call, and answered no heartbeat for longer than unresponsiveTimeoutMs (${unresponsiveTimeoutMs} ms). A thread that a handler left behind may hold its interpreter.`,
    outcome: 'unknown',
    context: { workerId: id, pid, stopped: false, unresponsiveTimeoutMs },
  });
}
