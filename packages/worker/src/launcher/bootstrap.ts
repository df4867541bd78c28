/** What `python -c` exits with where the interpreter is too old. EX_CONFIG of sysexits.h; no signal and no shell uses it. */
export const TOO_OLD_EXIT_CODE = 78;

/**
 * Comes first and must parse on any Python ever found in a PATH, 2.7 included: everything behind it may use what 3.9 has, and its
 * syntax errors would hide the one thing to be said.
 */
const VERSION_CHECK = `import sys
if sys.version_info < (3, 9):
    sys.stderr.write("pypool needs Python 3.9 or newer; %s is Python %s\\n" % (sys.executable, sys.version.split()[0]))
    sys.exit(${TOO_OLD_EXIT_CODE})
`;

/**
 * The arguments that make an interpreter the runtime: unbuffered, with a Python stack on stderr where C code crashes.
 *
 * `-c` rather than a file or `-m`: those would put the runtime's own folder, or the working directory, where user code expects its
 * own. The empty entry that `-c` makes for the working directory is dropped; the runtime decides what user code finds first.
 *
 * @param args What the transport wants said, for example `["--channels", "fd:3,4,5"]`.
 */
export function runtimeArgs(runtime: string, args: readonly string[]): string[] {
  return argsOf(runtime, 'pypool.__main__', args);
}

/** The arguments that make an interpreter a fork server, likewise, which speaks to Node over descriptor 3. */
export function forkServerArgs(runtime: string): string[] {
  return argsOf(runtime, 'pypool.fork_server', ['--fork-server', 'fd:3']);
}

function argsOf(runtime: string, module: string, args: readonly string[]): string[] {
  const program = `${VERSION_CHECK}sys.path[:] = [${pythonString(runtime)}] + [p for p in sys.path if p]
from ${module} import main
main()
`;
  return ['-u', '-X', 'faulthandler', '-c', program, ...args];
}

/**
 * The arguments that make an interpreter the guardian: no site-packages, no environment, no user site, so that it starts in
 * milliseconds and nothing of the user's can run in it.
 */
export function guardianArgs(file: string): string[] {
  const path = pythonString(file);
  const program = `${VERSION_CHECK}sys.path[:] = [p for p in sys.path if p]
exec(compile(open(${path}, encoding="utf-8").read(), ${path}, "exec"))
`;
  return ['-S', '-E', '-s', '-c', program];
}

/** A Python literal in ASCII alone: Python 2 refuses a program with other characters before it runs a line of it. */
function pythonString(text: string): string {
  const escaped = Array.from(text, (character) => {
    if (/[ !#-[\]-~]/.test(character)) return character;
    return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`;
  });
  return `"${escaped.join('')}"`;
}
