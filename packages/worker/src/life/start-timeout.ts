import { createError, isPypoolError, type PypoolError, type WelcomeModule } from '@pypool/protocol';
import { lastWords, type WorkerIdentity } from './exit.js';
import { contextOf } from './start-error.js';

/** How far the process of a start has come: who it is, and its last lines on stderr. It has said HELLO where the version of its Python is known. */
export type StartProgress = WorkerIdentity & { readonly stderr: readonly string[] };

/** Whether this is why a start was given up: it took longer than it may. */
export function isStartTimeout(reason: unknown): reason is PypoolError {
  return isPypoolError(reason) && reason.code === 'start-timeout';
}

/**
 * The error of whoever kept the start budget, with what only this side knows.
 *
 * Its `phase` is `spawning`, `handshaking` or `importing`: to the wire the imports and the start hooks are one.
 *
 * @param progress - `undefined` while there is no process.
 */
export function startTimedOut(
  error: PypoolError,
  modules: readonly WelcomeModule[],
  progress: StartProgress | undefined,
): PypoolError {
  const { code, message, outcome, retryable, context, cause } = error;
  const sources = modules.map(({ source }) => source);
  const phase = phaseOf(progress);
  return createError({
    code,
    message: `${message} ${WHERE[phase](sources.join(', '), nameOf(progress))}${lastWords({ stderr: [], ...progress })}`,
    outcome,
    retryable,
    context: {
      ...context,
      ...(progress !== undefined && { ...contextOf(progress), stderr: progress.stderr }),
      modules: sources,
      phase,
    },
    cause,
  });
}

type StartPhase = 'spawning' | 'handshaking' | 'importing';

const WHERE: Readonly<Record<StartPhase, (modules: string, process: string) => string>> = {
  spawning: (modules) => `Its process, which was to import ${modules}, was still being spawned.`,
  handshaking: (modules, process) =>
    `${process} had been spawned and had yet to say HELLO, the first word of the handshake, before it imports ${modules}.`,
  importing: (modules, process) =>
    `${process} was importing ${modules} or running its on_worker_start hooks.`,
};

function phaseOf(progress: StartProgress | undefined): StartPhase {
  if (progress === undefined) return 'spawning';
  return progress.pythonVersion === undefined ? 'handshaking' : 'importing';
}

function nameOf(progress: StartProgress | undefined): string {
  const { pid = '?', interpreter } = progress ?? {};
  return `Its process (pid ${pid}${interpreter === undefined ? '' : `, ${interpreter}`})`;
}
