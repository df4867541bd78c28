import type { ProcessWorker } from './life/process-worker.js';
import type { WorkerEventHub } from './events.js';
import { LONGEST_TIMER_MS } from './longest-timer.js';

interface Pulse {
  sentAt: number;
  /** Number of the PING that has not been answered; 0 for none. */
  waitsFor: number;
  suspected: boolean;
}

/**
 * Asks every worker in turn whether its control thread is there. One timer for all of them, which keeps nothing alive.
 *
 * A worker that does not answer is reported and nothing else: C code may hold the interpreter for good reason, and what a call may take
 * is for its budgets to say.
 */
export class Heartbeat {
  readonly #hub: WorkerEventHub;
  readonly #intervalMs: number;
  readonly #pulses = new Map<ProcessWorker, Pulse>();
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(hub: WorkerEventHub, intervalMs: number) {
    this.#hub = hub;
    this.#intervalMs = intervalMs;
  }

  add(worker: ProcessWorker): void {
    if (this.#intervalMs === 0 || !Number.isFinite(this.#intervalMs)) return;
    this.#pulses.set(worker, { sentAt: 0, waitsFor: 0, suspected: false });
    this.#timer ??= setInterval(() => this.#beat(), Math.min(this.#intervalMs, LONGEST_TIMER_MS)).unref();
  }

  remove(worker: ProcessWorker): void {
    this.#pulses.delete(worker);
    if (this.#pulses.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  answered(worker: ProcessWorker, n: number): void {
    const pulse = this.#pulses.get(worker);
    if (pulse?.waitsFor !== n) return;
    pulse.waitsFor = 0;
    if (!pulse.suspected) return;
    pulse.suspected = false;
    this.#hub.emit('worker-recovered', { workerId: worker.id });
  }

  /** What the last beat left unanswered is judged after the loop has read what has arrived: a stall of Node's own blames no worker. */
  #beat(): void {
    setImmediate(() => {
      this.#count += 1;
      const now = performance.now();
      for (const [worker, pulse] of this.#pulses) {
        if (pulse.waitsFor === 0) {
          pulse.waitsFor = this.#count;
          pulse.sentAt = now;
          worker.ping(this.#count);
        } else if (!pulse.suspected) {
          pulse.suspected = true;
          this.#hub.emit('worker-suspect', { workerId: worker.id, silentMs: Math.round(now - pulse.sentAt) });
        }
      }
    });
  }
}
