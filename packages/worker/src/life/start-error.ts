import { createError, type PypoolError } from '@pypool/protocol';
import { describeExit, lastWords, type DeathFacts } from './exit.js';

/** The runtime said why it cannot start: what it imports or its start hooks raised. */
export function startRefused(
  facts: { readonly workerId: string; readonly pid: number; readonly python: string | undefined },
  error: PypoolError,
): PypoolError {
  const { workerId, pid, python } = facts;
  return createError({
    code: 'start-failed',
    message: `Worker ${workerId} could not start: ${error.message}${tracebackOf(error)}`,
    context: { workerId, pid, python: python ?? null },
    cause: error,
  });
}

/** The process ended, or had to be ended, before it was ready. */
export function startFailed(facts: DeathFacts, python: string | undefined): PypoolError {
  const { workerId, pid, exit, stderr, reason } = facts;
  return createError({
    code: 'start-failed',
    message:
      reason === undefined
        ? `Worker ${workerId} (pid ${pid}) ${describeExit(exit)} before it was ready.${lastWords(stderr)}`
        : `Worker ${workerId} (pid ${pid}) could not start: ${reason.message}${lastWords(stderr)}`,
    context: {
      workerId,
      pid,
      exitCode: exit?.exitCode ?? null,
      signal: exit?.signal ?? null,
      stderr,
      python: python ?? null,
    },
    cause: reason,
  });
}

function tracebackOf(error: PypoolError): string {
  const { traceback } = error as { traceback?: unknown };
  return typeof traceback === 'string' && traceback !== '' ? `\n${traceback.trimEnd()}` : '';
}
