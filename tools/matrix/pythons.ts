import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { byVersion, minorOf, type Interpreter } from './interpreter.js';

/** The oldest minor of Python 3 that the runtime supports. */
const OLDEST_MINOR = 9;

const NAME = /^python3(\.\d+)?$/;

/**
 * The Pythons of this machine from the oldest supported one on, one for each minor version, the newest patch of it: those of pyenv, and
 * those of PATH by the names `python3` and `python3.N`.
 */
export function findPythons(env: NodeJS.ProcessEnv = process.env): Interpreter[] {
  const newest = new Map<string, Interpreter>();
  for (const file of candidates(env)) {
    const version = ask(file, env)?.version;
    if (version === undefined) continue;
    const known = newest.get(minorOf(version));
    const found = { file, version };
    if (known === undefined || byVersion(known, found) < 0) newest.set(minorOf(version), found);
  }
  return [...newest.values()].sort(byVersion);
}

/**
 * The Python that commands take where nothing names one: `PYPOOL_PYTHON`, `python3`. By the file that it says it is, since a name means another
 * one with another PATH.
 */
export function defaultPython(env: NodeJS.ProcessEnv = process.env): Interpreter {
  const name = env['PYPOOL_PYTHON'] ?? 'python3';
  const found = ask(name, env);
  if (found === undefined) throw new Error(`${name} is no Python 3.${OLDEST_MINOR} or newer.`);
  return found;
}

/** Files that may be a Python. Of pyenv's the interpreters themselves: its shims run only the versions that it has been told to use. */
function candidates(env: NodeJS.ProcessEnv): string[] {
  const versions = join(pyenvRoot(env), 'versions');
  const ofPyenv = namesIn(versions).map((version) => join(versions, version, 'bin', 'python3'));
  const shims = join(pyenvRoot(env), 'shims');
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '' && folder !== shims);
  const inPath = folders.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => NAME.test(name))
      .map((name) => join(folder, name)),
  );
  return [...ofPyenv, ...inPath];
}

function pyenvRoot(env: NodeJS.ProcessEnv): string {
  if (env['PYENV_ROOT']) return env['PYENV_ROOT'];
  const { status, stdout } = spawnSync('pyenv', ['root'], { env, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : join(env['HOME'] ?? homedir(), '.pyenv');
}

/** What it says of itself, or `undefined` where it does not run or is too old. */
function ask(name: string, env: NodeJS.ProcessEnv): Interpreter | undefined {
  const code = 'import sys; print("%d.%d.%d" % sys.version_info[:3], sys.executable)';
  const { error, status, stdout } = spawnSync(name, ['-S', '-E', '-c', code], { env, encoding: 'utf8' });
  if (error !== undefined || status !== 0) return undefined;
  const [, version, minor, file] = /^(3\.(\d+)\.\d+) (.+)$/m.exec(stdout) ?? [];
  return file !== undefined && Number(minor) >= OLDEST_MINOR ? { file, version: version! } : undefined;
}

/** Nothing where the folder is not there, as some of every PATH are. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
