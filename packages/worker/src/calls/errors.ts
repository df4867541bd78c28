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

/** Why a call could not be sent. The encoder of frames does not know whose frame it refused. */
export function notSent(error: unknown, name: string): PypoolError {
  const known = asPypoolError(error, name);
  if (known.code !== 'frame-too-large') return known;
  return renamed(known, name, `The arguments of ${name} are too large. ${known.message}`);
}

/** Why what a call returned or yielded could not be sent back. Python does not know how the limits are set. */
export function notReturned(error: PypoolError, name: string): PypoolError {
  return renamed(
    error,
    name,
    `The result of ${name} is too large: ${error.message}. Raise limits.maxFrameBytes (JSON) or limits.maxBufferBytes (bytes and arrays), or return less at once.`,
  );
}

function renamed(error: PypoolError, name: string, message: string): PypoolError {
  const { code, outcome, context, cause } = error;
  return createError({ code, message, outcome, context: { ...context, function: name }, cause });
}
