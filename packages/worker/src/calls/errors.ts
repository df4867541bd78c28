import { createError, isPypoolError, type Outcome, type PypoolError } from '@pypool/protocol';
import type { Rung } from './cancel-ladder.js';

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

/** Why a call with an iterable among its arguments could not be sent: only newer runtimes read any. */
export function noInputs(name: string): PypoolError {
  return createError({
    code: 'invalid-arguments',
    message: `${name} was given an iterable, and the Python runtime of its worker is too old to read one: update the Python package pypool there, or pass an array.`,
    outcome: 'not-started',
    context: { function: name },
  });
}

/** Why what a call returned or yielded could not be sent back. Python does not know how the limits are set. */
export function notReturned(error: PypoolError, name: string): PypoolError {
  return renamed(
    error,
    name,
    `The result of ${name} is too large: ${error.message}. Raise limits.maxFrameBytes (JSON) or limits.maxBufferBytes (bytes and arrays), or return less at once.`,
  );
}

/**
 * The error of a call that was ended before its time, with what became of it.
 *
 * @param rung - the last that was done to end it; `undefined` where nothing was, since it had not begun, or waited for its neighbours; `batch`: its function
 *   runs on, for other calls.
 * @param pythonStack - where it was when its time was over, the most recent call first
 */
export function endedAt(
  error: PypoolError,
  outcome: Outcome,
  rung: Rung | 'batch' | undefined,
  pythonStack: readonly string[] = [],
): PypoolError {
  const { code, message, retryable, context, cause } = error;
  const how =
    outcome === 'not-started' ? 'It had not begun.' : rung === undefined ? alone(outcome) : ENDED[rung];
  const facts = {
    ...context,
    ...(rung !== undefined && rung !== 'batch' && { rung }),
    ...(pythonStack.length > 0 && { pythonStack }),
  };
  const text = `${message} ${how}${whereabouts(pythonStack)}`;
  return createError({ code, message: text, outcome, retryable, context: facts, cause });
}

/** For people, on lines of their own: they are captured output, which `toJSON()` leaves out. */
function whereabouts(stack: readonly string[]): string {
  if (stack.length === 0) return '';
  const shown = stack.slice(0, FRAMES_SHOWN).map((line) => `\n  ${line}`);
  const more = stack.length - shown.length;
  return ` It was here (most recent call first):${shown.join('')}${more > 0 ? `\n  ... ${more} more` : ''}`;
}

/** Of a stack in a message, the most recent. */
const FRAMES_SHOWN = 20;

/** Before anything was done to end it. */
function alone(outcome: Outcome): string {
  return outcome === 'finished' ? 'It ended by itself.' : 'Its process ended under it.';
}

const ENDED: Readonly<Record<Rung | 'batch', string>> = {
  batch: 'Its batch runs on for the other calls, and its result will be thrown away.',
  interrupt: 'It ended after an interrupt.',
  sigint: 'It ended after SIGINT.',
  sigterm: 'It ended after SIGTERM.',
  sigkill: 'It was ended with SIGKILL.',
};

/** The call for whose sake a process was ended, as those are told that ran beside it. */
export interface Culprit {
  readonly name: string;
  readonly error: PypoolError;
  readonly rung: Rung;
}

/** The end of a stream that its consumer left, and that ended only with its process. */
export function leftBehind(name: string, workerId: string): PypoolError {
  return createError({
    code: 'aborted',
    message: `The stream of ${name} on worker ${workerId} was left by its consumer and went on.`,
    context: { function: name, workerId },
  });
}

function renamed(error: PypoolError, name: string, message: string): PypoolError {
  const { code, outcome, context, cause } = error;
  return createError({ code, message, outcome, context: { ...context, function: name }, cause });
}
