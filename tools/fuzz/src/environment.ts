import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { findPython } from '../../ready/python.mjs';
import { provideVenv } from '../../ready/venv.mjs';

/** The interpreter to fuzz with, and what it has. */
export interface Environment {
  readonly python: string;
  readonly atheris: boolean;
  readonly coverage: boolean;
  /** Why something is missing, in one line each. */
  readonly missing: readonly string[];
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Find a Python, in an environment of its own with coverage.py, numpy and, where it has wheels, atheris. */
export function environment(): Environment {
  const missing: string[] = [];
  const venv = provideVenv({
    folder: join(root, '.cache/python-fuzz'),
    requirements: join(root, 'tools/fuzz/requirements.txt'),
    holds: 'atheris, coverage and numpy',
  });
  if ('missing' in venv) {
    missing.push(`coverage.py and atheris could not be installed: ${venv.missing}`);
    return { python: findPython().file, atheris: false, coverage: false, missing };
  }
  const python = join(venv.bin, 'python');
  const atheris = spawnSync(python, ['-c', 'import atheris'], { stdio: 'ignore' }).status === 0;
  if (!atheris) missing.push('atheris has no wheel for this Python: the mutator of this tool does its part');
  return { python, atheris, coverage: true, missing };
}
