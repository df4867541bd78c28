import { createError, type PypoolError } from '@pypool/protocol';
import { printableLines } from '../output/printable.js';
import { describeExit, lastWords, saidBy, type DeathFacts, type WorkerIdentity } from './exit.js';

/** The runtime said why it cannot start: what it imports or its start hooks raised. */
export function startRefused(identity: WorkerIdentity, error: PypoolError, remedy: string): PypoolError {
  return createError({
    code: 'start-failed',
    // It is read where other output is, as a rule on a terminal; the cause has it as it was raised.
    message: printableLines(
      `Worker ${identity.workerId} could not start: ${error.message}${remedy}${tracebackOf(error)}`,
    ),
    context: contextOf(identity),
    cause: error,
  });
}

/** The process ended, or had to be ended, before it was ready. */
export function startFailed(facts: DeathFacts, remedy: string): PypoolError {
  const { workerId, pid, interpreter, exit, reason } = facts;
  const who = `Worker ${workerId} (pid ${pid}${interpreter === undefined ? '' : `, ${interpreter}`})`;
  return createError({
    code: 'start-failed',
    message:
      reason === undefined
        ? `${who} ${describeExit(exit)} before it was ready.${remedy}${lastWords(facts)}`
        : `${who} could not start: ${reason.message}${lastWords(facts)}`,
    context: {
      ...contextOf(facts),
      exitCode: exit?.exitCode ?? null,
      signal: exit?.signal ?? null,
      ...saidBy(facts),
    },
    cause: reason,
  });
}

/** Which process could not start, for the context of an error. */
export function contextOf({
  workerId,
  pid,
  pythonVersion,
  interpreter,
}: WorkerIdentity): Readonly<Record<string, unknown>> {
  return { workerId, pid, python: pythonVersion ?? null, interpreter: interpreter ?? null };
}

/** What the runtime itself raised explains itself; where in the runtime that was is noise. */
function tracebackOf(error: PypoolError): string {
  const { traceback, pythonModule } = error as { traceback?: unknown; pythonModule?: unknown };
  const isOurs = typeof pythonModule === 'string' && /^pypool(?:\.|$)/.test(pythonModule);
  return typeof traceback === 'string' && traceback !== '' && !isOurs ? `\n${traceback.trimEnd()}` : '';
}
