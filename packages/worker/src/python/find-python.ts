import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { createError } from '@pypool/protocol';

/** Where to look. */
export interface FindPythonOptions {
  /** A file, the folder of a virtual environment, or a name that is looked up in PATH. Nothing else is tried where it is given. */
  readonly python?: string | undefined;
  /** The folder of the user's module, from which the nearest `.venv` is looked for upward. @defaultValue `cwd` */
  readonly moduleDir?: string | undefined;
  /** @defaultValue `process.env` */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** What relative paths are relative to. @defaultValue `process.cwd()` */
  readonly cwd?: string | undefined;
}

/** An interpreter, not yet started: it may still be too old, which is found at the handshake. */
export interface FoundPython {
  /**
   * Absolute path as found, symbolic links and all: the interpreter of a virtual environment is a link, and knows by the name it was
   * called by which environment it belongs to.
   */
  readonly path: string;
  /** For people: `"the python option"`, `"PYPOOL_PYTHON"`, `".venv"`, `"VIRTUAL_ENV"`, `"CONDA_PREFIX"`, `"PATH"`. */
  readonly foundBy: string;
}

/**
 * Find the interpreter: the `python` option, `PYPOOL_PYTHON`, the nearest `.venv` upward from the module, `VIRTUAL_ENV`,
 * `CONDA_PREFIX`, `python3` in PATH, in this order. Looks at files only, starts nothing.
 *
 * @throws PypoolError `invalid-options` where the option or PYPOOL_PYTHON names nothing that can be executed; `start-failed` where
 *   there is none in all the places, which it lists.
 */
export function findPython(options: FindPythonOptions = {}): FoundPython {
  const { env = process.env, cwd = process.cwd(), python } = options;
  const search = new Search(env['PATH'] ?? '', cwd);
  if (python !== undefined) return search.given(python, 'the python option');
  const fromEnvironment = env['PYPOOL_PYTHON'];
  if (isGiven(fromEnvironment)) return search.given(fromEnvironment, 'PYPOOL_PYTHON');

  const found =
    search.upward(resolve(cwd, options.moduleDir ?? '.')) ??
    search.environment(env['VIRTUAL_ENV'], 'VIRTUAL_ENV') ??
    search.environment(env['CONDA_PREFIX'], 'CONDA_PREFIX') ??
    search.inPath('python3');
  if (found !== undefined) return found;
  throw createError({
    code: 'start-failed',
    message:
      `No Python was found. Looked for: ${search.looked.join(', ')}. ` +
      'Install Python 3.9 or newer, or name an interpreter with the python option or PYPOOL_PYTHON.',
    retryable: false,
    context: { lookedFor: search.looked },
  });
}

/** One search, which remembers where it looked. */
class Search {
  readonly looked: string[] = [];
  readonly #path: string;
  readonly #cwd: string;

  constructor(path: string, cwd: string) {
    this.#path = path;
    this.#cwd = cwd;
  }

  /** What somebody asked for by name: this one or none, for another one would have other packages. */
  given(python: string, by: string): FoundPython {
    const file = resolve(this.#cwd, python);
    const found =
      this.#inFolder(file, by) ?? (isBareName(python) ? this.inPath(python) : this.#executable(file, by));
    if (found !== undefined) return { path: found.path, foundBy: by };
    throw createError({
      code: 'invalid-options',
      message:
        `${by} is ${JSON.stringify(python)}, which is no interpreter. Looked for: ${this.looked.join(', ')}. ` +
        'It can be an executable file, the folder of a virtual environment, or a name in PATH.',
      context: { python, lookedFor: this.looked },
    });
  }

  /** The nearest `.venv` in `folder` or above it. */
  upward(folder: string): FoundPython | undefined {
    this.looked.push(`.venv in ${folder} and above`);
    for (let at = folder, below = ''; at !== below; below = at, at = dirname(at)) {
      const found = this.#inFolder(join(at, '.venv'), '.venv');
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The environment that a variable names. */
  environment(folder: string | undefined, variable: string): FoundPython | undefined {
    if (!isGiven(folder)) return undefined;
    const root = resolve(this.#cwd, folder);
    this.looked.push(`${variable} (${root})`);
    return this.#inFolder(root, variable);
  }

  inPath(name: string): FoundPython | undefined {
    this.looked.push(`${name} in PATH`);
    for (const folder of this.#path.split(delimiter)) {
      // An empty entry means the working directory to a shell; whoever can write there should not choose our interpreter.
      if (!isAbsolute(folder)) continue;
      const file = join(folder, name);
      if (isExecutable(file)) return { path: file, foundBy: 'PATH' };
    }
    return undefined;
  }

  #inFolder(folder: string, by: string): FoundPython | undefined {
    if (!isFolder(folder)) return undefined;
    return (
      this.#executable(join(folder, 'bin', 'python3'), by) ??
      this.#executable(join(folder, 'bin', 'python'), by)
    );
  }

  #executable(path: string, foundBy: string): FoundPython | undefined {
    if (isExecutable(path)) return { path, foundBy };
    this.looked.push(path);
    return undefined;
  }
}

function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function isBareName(python: string): boolean {
  return !python.includes('/') && !python.includes(sep);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Missing, a dangling link, or not ours to execute: all the same to the search, which goes on and tells where it looked.
    return false;
  }
}
