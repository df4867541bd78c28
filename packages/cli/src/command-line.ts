import { parseArgs } from 'node:util';

export const USAGE = `usage: pypool doctor MODULE [--python FILE] [--json]

Starts workers as a pool would, and tells what comes of it: which Python serves the
module, which functions it has, whether workers are forked or started one by one,
and why. Exits with 1 where the module cannot be served.

  MODULE         a Python file, or a dotted name
  --python FILE  the interpreter; unless given, the one that a pool would find
  --json         the same for programs
`;

/** What is asked for: a diagnosis, help, or nothing that can be read. */
export type Command = DoctorCommand | { readonly help: true } | { readonly wrong: string };

/** `pypool doctor`. */
export interface DoctorCommand {
  readonly module: string;
  readonly python: string | undefined;
  readonly json: boolean;
}

/** Read a command line. */
export function commandOf(args: readonly string[]): Command {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        json: { type: 'boolean', default: false },
        python: { type: 'string' },
      },
    });
    if (values.help) return { help: true };
    const [command, module, ...more] = positionals;
    if (command === undefined) return { wrong: 'no command is given' };
    if (command !== 'doctor') return { wrong: `there is no command ${JSON.stringify(command)}` };
    if (module === undefined) return { wrong: 'no module is given' };
    if (more.length > 0) return { wrong: `one module, not ${more.length + 1}` };
    return { module, python: values.python, json: values.json };
  } catch (error) {
    return { wrong: (error as Error).message.split('. ', 1)[0]! };
  }
}
