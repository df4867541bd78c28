import type { ErrorCode, PypoolError } from '@pypool/protocol';

import type { PendingCall } from '../call/pending-call.js';
import type { WorkerRecord } from '../worker/worker-record.js';

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
 * Whether a call whose worker died is given to another: where it provably never ran, or where running it twice is harmless, as the caller says or else
 * the function. A stream is tried again only in the first case, for its consumer may hold items already, and only while it has one: what nobody takes
 * would fill its window and wait for ever.
 */
export function mayRunAgain(
  call: PendingCall,
  worker: WorkerRecord,
  error: PypoolError,
  maxAttempts: number,
): boolean {
  if (!isDeath(error) || !call.wanted || call.attempts >= maxAttempts) return false;
  if (error.outcome !== 'unknown' || call.kind === 'stream') return error.outcome === 'not-started';
  // What its handler has read of an iterable is gone, and so is what its result was read over.
  if (call.spent) return false;
  return call.terms.idempotent ?? worker.functions?.get(call.name)?.idempotent ?? false;
}
