import { createError, isPypoolError, type PypoolError } from '@pypool/protocol';

/** The runtime said what it may not say, or when it may not. Its connection is of no more use. */
export function protocolViolation(workerId: string, what: string): PypoolError {
  return createError({
    code: 'protocol',
    message: `Worker ${workerId} broke the protocol: ${what}.`,
    outcome: 'unknown',
    context: { workerId },
  });
}

/** Errors of pypool as they are; anything else is a bug of ours, and says so. */
export function asPypoolError(error: unknown, name: string | undefined): PypoolError {
  if (isPypoolError(error)) return error;
  return createError({
    code: 'internal',
    message: `An unexpected error${name === undefined ? '' : ` with the call of ${name}`}: ${String(error)}`,
    cause: error,
  });
}
