import { createError, type PypoolError } from '@pypool/protocol';

import type { PendingCall } from './pending-call.js';

/**
 * Calls that were given to another worker although they may have run. Whatever fails such a call later, it must not say that the call never
 * ran. Kept here and not in the call, since nearly none is ever in doubt.
 */
export class Doubts {
  readonly #earlier = new Map<PendingCall, PypoolError>();

  /** A worker failed a call with this error; it may be tried again. */
  add(call: PendingCall, error: PypoolError): void {
    if (error.outcome === 'unknown') this.#earlier.set(call, error);
  }

  /** What the caller is told of an error that ends its call. */
  judge(call: PendingCall, error: PypoolError): PypoolError {
    const earlier = this.#earlier.get(call);
    if (earlier === undefined || error.outcome !== 'not-started') return error;
    return createError({
      code: error.code,
      message: `${error.message} It was tried before, and may have run.`,
      outcome: 'unknown',
      context: { ...error.context, attempts: call.attempts },
      cause: error.cause ?? earlier,
    });
  }

  /** A call is settled. */
  forget(call: PendingCall): void {
    if (this.#earlier.size > 0) this.#earlier.delete(call);
  }
}
