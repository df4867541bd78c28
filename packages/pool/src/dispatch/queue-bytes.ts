import { approximateBytes } from '@pypool/protocol';

import type { PendingCall } from '../call/pending-call.js';

/** What the arguments of the calls that wait weigh, and whether one more is too much. Pools without such a limit have none of these. */
export class QueueBytes {
  readonly limit: number;
  readonly #weights = new Map<PendingCall, number>();
  #total = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes that wait. */
  get total(): number {
    return this.#total;
  }

  get full(): boolean {
    return this.#total > 0 && this.#total >= this.limit;
  }

  /**
   * Let a call wait where there is room for it. Where none waits there is, whatever it weighs, or a call could be too large for a pool whose workers
   * are still starting and right for the same pool a moment later.
   */
  admit(call: PendingCall): boolean {
    const bytes = approximateBytes(call.args);
    if (this.#total > 0 && this.#total + bytes > this.limit) return false;
    this.#enter(call, bytes);
    return true;
  }

  /** A call waits once more: it was let in long ago. */
  readmit(call: PendingCall): void {
    this.#enter(call, approximateBytes(call.args));
  }

  /** A call waits no more, if it ever did. */
  left(call: PendingCall): void {
    const bytes = this.#weights.get(call);
    if (bytes === undefined) return;
    this.#weights.delete(call);
    this.#total -= bytes;
  }

  #enter(call: PendingCall, bytes: number): void {
    this.left(call);
    this.#weights.set(call, bytes);
    this.#total += bytes;
  }
}
