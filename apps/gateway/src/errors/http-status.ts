import type { ErrorCode, PypoolError } from '@pypool/protocol';

/** The HTTP status of each error code of pypool. The README holds the same table. */
export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  // What the request asked for cannot be.
  'invalid-options': 400,
  'invalid-arguments': 400,
  'unknown-function': 404,
  unencodable: 400,
  'frame-too-large': 413,
  // It took too long: no worker came free, or the call ran too long.
  'start-timeout': 503,
  'checkout-timeout': 503,
  'execution-timeout': 504,
  'item-timeout': 504,
  'deadline-exceeded': 504,
  // Nobody is left to read it; the number is that of nginx.
  aborted: 499,
  // The pool cannot take it now.
  'start-failed': 503,
  'circuit-open': 503,
  'queue-full': 503,
  'pool-closed': 503,
  'session-limit': 503,
  'session-busy': 409,
  'session-lost': 409,
  // The worker failed, not the function.
  'worker-exited': 502,
  'worker-unresponsive': 502,
  protocol: 502,
  // The function failed; one that raises `pypool.Fail` is a refusal, 422.
  'python-error': 500,
  'unsupported-platform': 500,
  internal: 500,
};

/** Where a function raises `pypool.Fail`: an answer that is part of its contract. */
export const FAIL_STATUS = 422;

/** The HTTP status of an error. */
export function httpStatus(error: PypoolError): number {
  if (error.code === 'python-error' && 'failure' in error && error.failure !== undefined) return FAIL_STATUS;
  const status = HTTP_STATUS[error.code];
  // Where the function had run, it is its result that cannot be, and nothing that the client could mend.
  return error.outcome === 'finished' && status < 500 ? 500 : status;
}
