import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** One source file of the library. */
export interface SourceFile {
  readonly path: string;
  /** The top-level package it belongs to; `undefined` for a module that is in no package. */
  readonly package: string | undefined;
}

/** Folders that hold no library code: compiled files, what pip installed, the test suites. */
const LEFT_OUT = new Set(['__pycache__', 'site-packages', 'dist-packages', 'test', 'tests', 'idle_test']);

/** Every Python file below `folder`, in a stable order. */
export function listLibrary(folder: string): SourceFile[] {
  const files: SourceFile[] = [];
  const walk = (current: string): void => {
    for (const entry of readdirSync(current, { withFileTypes: true })) {
      const path = join(current, entry.name);
      if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) walk(path);
      else if (entry.isFile() && entry.name.endsWith('.py')) {
        const parts = relative(folder, path).split(sep);
        files.push({ path, package: parts.length > 1 ? parts[0] : undefined });
      }
    }
  };
  walk(folder);
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
