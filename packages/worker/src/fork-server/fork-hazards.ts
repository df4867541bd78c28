import type { WelcomeModule } from '@pypool/protocol';
import type { LaunchFallback } from '../launcher/contract.js';

/** What may stand against forking, by name, and what to do about it. `python/pypool/fork_hazards.py` finds them. */
const REMEDIES = {
  'python-threads':
    'Start threads in an on_worker_start hook or at the first call, not when the module is imported.',
  'native-threads':
    'Find which library starts them when it is imported, and have it start them later or not at all (an environment variable in env, as a rule).',
  cuda: 'Initialise CUDA in an on_worker_start hook or at the first call, not when the module is imported.',
  'event-loop':
    'Make event loops in an on_worker_start hook or in handlers, not when the module is imported.',
  socket: 'Open connections in an on_worker_start hook: workers would share these.',
  file: 'Open files to read from, and databases such as SQLite, in an on_worker_start hook or in handlers: workers would share locks, and how far each has read.',
  'current-worker':
    'Ask for the worker in an on_worker_start hook or in handlers: modules are imported before there is one.',
  platform: 'Fork servers are for Linux.',
  proc: 'It needs /proc, and the right to read there of processes that it has started.',
} as const;

/** {@link REMEDIES} by name. */
export type ForkHazard = keyof typeof REMEDIES;

/** Those that a user may decide to live with. */
export const TOLERABLE = [
  'python-threads',
  'native-threads',
  'cuda',
  'event-loop',
  'socket',
  'file',
] as const satisfies readonly ForkHazard[];

/** One hazard, with what there is of it. */
export interface FoundHazard {
  readonly hazard: ForkHazard;
  readonly found: readonly string[];
}

const NAMES: Readonly<Record<ForkHazard, string>> = {
  'python-threads': 'threads of Python run in it',
  'native-threads': 'threads of native libraries run in it',
  cuda: 'CUDA is initialised in it',
  'event-loop': 'an event loop or selector is open in it',
  socket: 'sockets are open in it',
  file: 'files are open in it that workers would read',
  'current-worker': 'there was no worker that its modules could be told of',
  platform: 'this is no Linux',
  proc: 'its output cannot be opened',
};

/** Hazards for people, and for code. */
export function fallbackOf(
  hazards: readonly FoundHazard[],
  modules: readonly WelcomeModule[] = [],
): LaunchFallback {
  const sources = modules.map(({ source }) => source).join(', ');
  const what = sources === '' ? 'The process' : `After the import of ${sources} the process`;
  const said = hazards.map(
    ({ hazard, found }) => `${NAMES[hazard]} (${found.join('; ')}). ${REMEDIES[hazard]}`,
  );
  return {
    message: `${what} cannot be forked safely: ${said.join(' Also, ')}`,
    reasons: hazards.map(({ hazard }) => hazard),
  };
}
