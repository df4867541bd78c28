import { PythonError, type PypoolError } from '@pypool/protocol';
import type { ProcessUser } from '../launcher/contract.js';
import { missingModule, type MissingModules } from './missing-module.js';
import { heldBackVariable } from './missing-variable.js';
import { unreadableFile, unreadableRuntime } from './unreadable.js';

/** Where a worker's Python runs, as far as that can explain what it raises. */
export interface Surroundings {
  /** The whole environment that the worker was given. */
  readonly env: Readonly<Record<string, string>>;
  /** Who it was made to run as; `undefined`: as this process. */
  readonly user: ProcessUser | undefined;
  readonly modules: MissingModules;
}

/** What a person can do about an error of Python that has its cause on this side. Each says `''` where there is nothing to say. */
export interface Remedies {
  /** About what was raised at the start or in a call: the continuation of its message, on one line. */
  onRaised(error: PypoolError): string;
  /** About a process that ended before it said HELLO: a sentence, by its last lines on stderr. */
  onSilence(stderr: readonly string[]): string;
}

/** Exceptions of a chain that are looked at: the cause of trouble is as a rule the first or the second. */
const MOST_CAUSES = 8;

/** Remedies for the errors of one worker. */
export function remediesFor(surroundings: Surroundings): Remedies {
  return {
    onRaised(error) {
      for (const raised of chainOf(error)) {
        const remedy =
          heldBackVariable(raised, surroundings.env) ||
          missingModule(raised, surroundings.modules) ||
          unreadableFile(raised, surroundings.user);
        if (remedy !== '') return remedy;
      }
      return '';
    },
    onSilence: (stderr) => unreadableRuntime(stderr, surroundings.user),
  };
}

/** Let an error say what can be done about it, too. */
export function withRemedy(error: PypoolError, remedy: string): PypoolError {
  if (remedy === '') return error;
  const { message, stack } = error;
  error.message = message + remedy;
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
  return error;
}

/** What Python raised, and what that was raised from. */
function* chainOf(error: PypoolError): Generator<PythonError> {
  let at: unknown = error;
  for (let depth = 0; depth < MOST_CAUSES && at instanceof PythonError; depth++, at = at.cause) yield at;
}
