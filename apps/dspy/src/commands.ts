import type { Dspy } from './dspy.js';
import { DspyError } from './dspy-error.js';
import type { DspySession, Inputs } from './dspy-session.js';
import type { ModelConfig, ProgramDefinition } from './program.js';

type Args = Readonly<Record<string, unknown>>;

/** Those that are of a session. */
const OF_SESSION = {
  create_program: (session: DspySession, args: Args) =>
    session.createProgram(args['name'] as string, args['program'] as ProgramDefinition | string),
  execute_program: (session: DspySession, args: Args) =>
    session.executeProgram(args['name'] as string, args['inputs'] as Inputs),
  list_programs: (session: DspySession) => session.listPrograms(),
  get_program_info: (session: DspySession, args: Args) => session.getProgramInfo(args['name'] as string),
  delete_program: (session: DspySession, args: Args) => session.deleteProgram(args['name'] as string),
  cleanup_session: (session: DspySession) => session.cleanup(),
};

/** Those that are of the service. */
const OF_SERVICE = {
  ping: (dspy: Dspy) => dspy.ping(),
  get_stats: (dspy: Dspy) => dspy.getStats(),
  reset_state: (dspy: Dspy) => dspy.resetState(),
};

/** Commands of the first system of this kind. */
export type CommandName = keyof typeof OF_SESSION | keyof typeof OF_SERVICE | 'configure_lm';

/**
 * Do what a command says. `configure_lm` is of a session where one is given.
 *
 * Rejects with a DspyError: `no-such-command`, or `no-session` for one that is of a session; or as what it does.
 */
export async function commands(
  dspy: Dspy,
  command: CommandName,
  args: Args,
  sessionId: string | undefined,
): Promise<unknown> {
  const session = sessionId === undefined ? undefined : dspy.session(sessionId);
  if (command === 'configure_lm') return (session ?? dspy).configureLm(args as unknown as ModelConfig);
  if (Object.hasOwn(OF_SERVICE, command)) return OF_SERVICE[command as keyof typeof OF_SERVICE](dspy);
  if (!Object.hasOwn(OF_SESSION, command)) {
    const known = ['configure_lm', ...Object.keys(OF_SERVICE), ...Object.keys(OF_SESSION)].join(', ');
    throw new DspyError('no-such-command', `There is no command ${command}; there are ${known}.`);
  }
  if (session === undefined)
    throw new DspyError('no-session', `${command} is of a session: give it a sessionId.`);
  return OF_SESSION[command as keyof typeof OF_SESSION](session, args);
}
