import { createError, type Outcome, type PypoolError } from '@pypool/protocol';
import type { Culprit } from '../calls/errors.js';
import type { ProcessExit, ProcessUsage } from '../launcher/contract.js';

/** How a worker ended, once the operating system has reaped it. */
export interface WorkerExit {
  /** Why, in one word for metrics: asked to close, killed by us, or its own doing. */
  readonly reason: 'closed' | 'killed' | 'died';
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** What it took of the machine; `undefined` where that is not known: for a worker that was forked it is, for one that was spawned Node does not tell. */
  readonly rusage?: ProcessUsage | undefined;
  /** For `died`: what its calls were told. */
  readonly error: PypoolError | undefined;
}

/** Which worker, of what. */
export interface WorkerIdentity {
  readonly workerId: string;
  readonly pid: number;
  /** As it said itself, where it came to that. */
  readonly pythonVersion: string | undefined;
  /** Path of the interpreter and how it was found, where that is known. */
  readonly interpreter: string | undefined;
}

/** What is known of a worker that ended. */
export interface DeathFacts extends WorkerIdentity {
  /** `undefined` where it could not be reaped in time. */
  readonly exit: ProcessExit | undefined;
  /** Its last lines on stderr. */
  readonly stderr: readonly string[];
  /** Where in Python C code crashed, the most recent call first; empty where it did not. */
  readonly pythonStack: readonly string[];
  /** Why we ended it, where we did. */
  readonly reason: PypoolError | undefined;
}

/** How a process ended, in words. */
export function describeExit(exit: ProcessExit | undefined): string {
  if (exit === undefined) return 'could not be ended';
  return exit.signal === undefined
    ? `exited with code ${exit.exitCode ?? '?'}`
    : `was ended by ${exit.signal}`;
}

/**
 * The error for one call of a worker that ended under it, or for the worker itself.
 *
 * @param culprit - the call beside it for whose sake the worker was ended, where it was.
 */
export function deathError(
  facts: DeathFacts,
  outcome: Outcome,
  name: string | undefined,
  culprit?: Culprit,
): PypoolError {
  const { workerId, pid, exit, reason } = facts;
  const call = name === undefined ? '' : ` under the call of ${name}`;
  const context = {
    workerId,
    pid,
    exitCode: exit?.exitCode ?? null,
    signal: exit?.signal ?? null,
    ...saidBy(facts),
    ...(name !== undefined && { function: name }),
  };
  if (exit === undefined) {
    return createError({
      code: 'worker-unresponsive',
      message: `Worker ${workerId} (pid ${pid}) was killed and has not ended${call}; the operating system may be holding it in a system call.`,
      outcome,
      context,
      cause: reason,
    });
  }
  if (reason !== undefined) {
    return createError({
      code: reason.code,
      message: reason.message,
      outcome,
      context: { ...context, ...reason.context },
      cause: reason,
    });
  }
  if (culprit !== undefined) {
    const { name: other, error, rung } = culprit;
    return createError({
      code: 'worker-exited',
      message: `Worker ${workerId} (pid ${pid}) ${describeExit(exit)}${call}, for ${other} ran beside it and ended in no gentler way (${error.code}).`,
      outcome,
      context: { ...context, culprit: other, rung },
      cause: error,
    });
  }
  return createError({
    code: 'worker-exited',
    message: `Worker ${workerId} (pid ${pid}) ${describeExit(exit)}${call}.${lastWords(facts)}`,
    outcome,
    context,
  });
}

/** For calls that never reached a worker, since it is on its way out or in; said while its exit is still to come. */
export function takesNoCalls({ workerId, pid }: WorkerIdentity, state: string): PypoolError {
  return createError({
    code: 'worker-exited',
    message: `Worker ${workerId} (pid ${pid}) takes no calls: it is ${state}.`,
    context: { workerId, pid, state },
  });
}

/** Why a worker had to be ended that was expected to end by itself. */
export function wentOnRunning({ workerId, pid }: WorkerIdentity, what: string): PypoolError {
  return createError({
    code: 'protocol',
    message: `Worker ${workerId} (pid ${pid}) ${what} and went on running.`,
    outcome: 'unknown',
    context: { workerId, pid },
  });
}

/** What a process said, and how it ended where it has. */
type Said = Pick<DeathFacts, 'stderr'> & Partial<Pick<DeathFacts, 'exit' | 'pythonStack'>>;

/** What a process said at its end, for the context of an error. */
export function saidBy({ exit, stderr, pythonStack = [] }: Said): Omit<Said, 'exit'> {
  // Without a signal nothing crashed, whatever stood on stderr.
  return exit?.signal === undefined || pythonStack.length === 0 ? { stderr } : { stderr, pythonStack };
}

/** The same for its message. Where the stack of a crash is no longer among the last lines, it comes before them. */
export function lastWords(facts: Said): string {
  const { stderr, pythonStack = [] } = saidBy(facts);
  const [innermost] = pythonStack;
  const isShown = innermost === undefined || stderr.some((line) => line.trim() === innermost);
  const stack = isShown ? '' : ` It crashed in Python (most recent call first):\n${indented(pythonStack)}`;
  if (stderr.length === 0) return stack;
  return `${stack}${stack === '' ? ' ' : '\n'}Its last words on stderr:\n${indented(stderr)}`;
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}
