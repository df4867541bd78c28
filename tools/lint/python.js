import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.js';

const venv = join(root, '.cache/python-lint');
const requirements = join(root, 'tools/lint/python-requirements.txt');

/** The Python tools lint with, or why there are none: `{ bin }` or `{ missing }`. */
export function pythonTools() {
  const stamp = join(venv, 'installed');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const bin = join(venv, 'bin');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { bin };

  console.log('Installing ruff and mypy into .cache/python-lint ...');
  rmSync(venv, { recursive: true, force: true });
  const python = process.env.PYPOOL_PYTHON ?? 'python3';
  const steps = [
    [python, ['-m', 'venv', venv]],
    [join(bin, 'python'), ['-m', 'pip', '--disable-pip-version-check', 'install', '-q', '-r', requirements]],
  ];
  for (const [file, args] of steps) {
    const { status, error, stderr, stdout } = spawnSync(file, args, { encoding: 'utf8' });
    if (status === 0) continue;
    return { missing: (error?.message ?? `${stdout}${stderr}`).trim().split('\n').at(-1) };
  }
  writeFileSync(stamp, wanted);
  return { bin };
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
