import type { ErrorCode, PypoolError } from '@pypool/protocol';

import { Histogram } from './histogram.js';

/** What a pool has done since it was made. */
export interface PoolStats {
  readonly calls: {
    /** Calls and streams that were asked for. */
    readonly submitted: number;
    readonly succeeded: number;
    /** All that did not succeed, refused ones included; by code in `errors`. */
    readonly failed: number;
    /** Attempts beyond the first. */
    readonly retried: number;
  };
  readonly prefetch: {
    /** Calls that were sent ahead, as often as they were. */
    readonly sentAhead: number;
    /** Calls that were sent ahead and taken back, as often as they were. */
    readonly takenBack: number;
  };
  readonly errors: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Of calls that succeeded, from `call()` to their result, the wait included; `undefined` before the first. Good to 3 %. */
  readonly latency: { readonly p50Ms: number | undefined; readonly p99Ms: number | undefined };
  readonly workers: {
    readonly starts: number;
    readonly startFailures: number;
    /** Ready workers that were lost or recycled, and so replaced. */
    readonly restarts: number;
    readonly exits: number;
  };
}

/** Counts. */
export class Counters {
  submitted = 0;
  succeeded = 0;
  failed = 0;
  retried = 0;
  takenBack = 0;
  starts = 0;
  startFailures = 0;
  restarts = 0;
  exits = 0;
  readonly #latency = new Histogram();
  readonly #errors = new Map<ErrorCode, number>();

  success(latencyMs: number | undefined): void {
    this.succeeded += 1;
    if (latencyMs !== undefined) this.#latency.add(latencyMs);
  }

  failure({ code }: PypoolError): void {
    this.failed += 1;
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  /** @param sentAhead counted where calls are sent ahead */
  snapshot(sentAhead: number): PoolStats {
    const { submitted, succeeded, failed, retried, takenBack, starts, startFailures, restarts, exits } = this;
    return {
      calls: { submitted, succeeded, failed, retried },
      prefetch: { sentAhead, takenBack },
      errors: Object.fromEntries(this.#errors),
      latency: { p50Ms: this.#latency.quantileMs(0.5), p99Ms: this.#latency.quantileMs(0.99) },
      workers: { starts, startFailures, restarts, exits },
    };
  }
}
