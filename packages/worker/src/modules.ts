import { statSync, type Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createError, type WelcomeModule } from '@pypool/protocol';

/** What a worker serves: a path (relative to `cwd`), a `file:` URL, a dotted module name, or several of them by the prefix of their names. */
export type ModuleOption = string | URL | Readonly<Record<string, string | URL>>;

const DOTTED_NAME = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*$/u;

/**
 * Find the modules, before any process is started.
 *
 * @throws PypoolError `invalid-options` for a file that is not there or is no Python; a dotted name is looked up by Python itself.
 */
export function resolveModules(module: ModuleOption, cwd: string): readonly WelcomeModule[] {
  if (typeof module === 'string' || module instanceof URL) return [resolveModule('', module, cwd)];
  const entries = Object.entries(module);
  if (entries.length === 0) throw invalid('names no module', { module: {} });
  return entries.map(([prefix, source]) => resolveModule(prefix, source, cwd));
}

/** The folder to look for a virtual environment from: that of the first module that is a file. */
export function moduleDir(modules: readonly WelcomeModule[], cwd: string): string {
  const file = modules.find(({ kind }) => kind === 'path');
  return file === undefined ? cwd : dirname(file.source);
}

/** The folders that the modules' own code is in; for a dotted name, which only Python can find, `cwd`. */
export function moduleFolders(modules: readonly WelcomeModule[], cwd: string): readonly string[] {
  return [...new Set(modules.map(({ kind, source }) => (kind === 'path' ? dirname(source) : cwd)))];
}

function resolveModule(prefix: string, source: string | URL, cwd: string): WelcomeModule {
  if (source instanceof URL || source.startsWith('file:')) return pathModule(prefix, pathOf(source));
  if (/[/\\]/.test(source) || source.endsWith('.py')) return pathModule(prefix, resolve(cwd, source));
  if (DOTTED_NAME.test(source)) return { prefix, source, kind: 'name' };
  throw invalid(`is ${JSON.stringify(source)}, which is neither a path nor a dotted name`, {
    module: source,
  });
}

function pathOf(source: string | URL): string {
  try {
    return fileURLToPath(source);
  } catch (cause) {
    throw invalid(
      `is ${String(source)}, which is no file: URL of this machine`,
      { module: String(source) },
      cause,
    );
  }
}

function pathModule(prefix: string, path: string): WelcomeModule {
  const found = look(path);
  if (found === undefined) throw invalid(`was looked for at ${path}, and nothing is there`, { path });
  if (found.isDirectory()) {
    const init = join(path, '__init__.py');
    if (look(init) === undefined)
      throw invalid(`is the folder ${path}, which holds no __init__.py`, { path });
    return { prefix, source: init, kind: 'path' };
  }
  if (!path.endsWith('.py')) throw invalid(`is ${path}, which is no Python file (.py)`, { path });
  return { prefix, source: path, kind: 'path' };
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw invalid(`is ${path}, which cannot be looked at: ${(cause as Error).message}`, { path }, cause);
  }
}

function invalid(what: string, context: Readonly<Record<string, unknown>>, cause?: unknown): Error {
  return createError({ code: 'invalid-options', message: `Option module ${what}.`, context, cause });
}
