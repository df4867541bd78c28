import type { CallLog, Verdict } from '../load/call-records.js';

/** More calls than are ever open at once, and than are answered between two samples. */
const OPEN = 1 << 12;
const LATENCIES = 1 << 18;

/** Hears of calls and keeps nothing that grows: what is measured is the pool's memory. */
export class LatencyLog implements CallLog {
  readonly #began = new Float64Array(OPEN);
  readonly #latencies = new Float64Array(LATENCIES);
  #answered = 0;
  made = 0;
  /** Calls that failed though nothing was done to their worker, and answers that were another call's; by what was told. */
  readonly wrong = new Map<string, number>();

  begin(): number {
    const seq = ++this.made;
    this.#began[seq % OPEN] = performance.now();
    return seq;
  }

  settle(seq: number, verdict: Exclude<Verdict, 'open'>, code = ''): void {
    if (verdict === 'result') {
      this.#latencies[this.#answered % LATENCIES] = performance.now() - this.#began[seq % OPEN]!;
      this.#answered += 1;
    }
    const isLost = verdict === 'unknown' || (verdict === 'not-started' && code !== 'unknown-function');
    if (isLost) this.#count(`${verdict} ${code}`);
  }

  foreign(_seq: number, what: string): void {
    this.#count(what);
  }

  /** The 99th percentile of what was answered since it was last asked. Unit: milliseconds. */
  takeP99Ms(): number {
    const sorted = this.#latencies.subarray(0, Math.min(this.#answered, LATENCIES)).sort();
    this.#answered = 0;
    return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  }

  #count(what: string): void {
    this.wrong.set(what, (this.wrong.get(what) ?? 0) + 1);
  }
}
