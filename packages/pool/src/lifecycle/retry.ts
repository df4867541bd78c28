import type { ErrorCode, PypoolError } from '@pypool/protocol';

import type { PendingCall } from '../call/pending-call.js';

/** Errors that only a worker gives that is past serving. */
const DEATHS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'worker-exited',
  'worker-unresponsive',
  'protocol',
]);

/** Whether an answer says that the worker, not the call, is at an end. */
export function isDeath(error: PypoolError): boolean {
  return DEATHS.has(error.code);
}

/**
 * Whether a call whose worker died is given to another: where it provably never ran, or where running it twice is harmless. A stream is
 * tried again only in the first case, for its consumer may hold items already.
 */
export function mayRunAgain(call: PendingCall, error: PypoolError, maxAttempts: number): boolean {
  if (!isDeath(error) || call.attempts >= maxAttempts) return false;
  if (error.outcome === 'not-started') return true;
  return error.outcome === 'unknown' && call.terms.idempotent && call.kind === 'call';
}
