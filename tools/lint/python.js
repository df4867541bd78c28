import { join } from 'node:path';
import { provideVenv } from '../ready/venv.mjs';
import { root, run } from './run.js';

/** The Python tools lint with, or why there are none: `{ bin }` or `{ missing }`. */
export function pythonTools() {
  return provideVenv({
    folder: join(root, '.cache/python-lint'),
    requirements: join(root, 'tools/lint/python-requirements.txt'),
    holds: 'ruff and mypy',
  });
}

/** ruff and mypy over `python/`, with the settings of its pyproject.toml. Whether all is well. */
export function lintPython({ bin }) {
  const cwd = join(root, 'python');
  return [
    run('ruff check', join(bin, 'ruff'), ['check', '--quiet', '.'], { cwd }),
    run('ruff format', join(bin, 'ruff'), ['format', '--quiet', '--diff', '.'], { cwd }),
    run('mypy --strict', join(bin, 'mypy'), ['--no-error-summary'], { cwd }),
  ].every(Boolean);
}
