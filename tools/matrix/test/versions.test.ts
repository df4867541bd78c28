import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createPythonPool } from 'pypool';
import { expect, it } from 'vitest';
import { SEEN_FILE, type Seen } from '../seen.js';

const module = fileURLToPath(new URL('fixtures/echo_version.py', import.meta.url));

/** Tell the matrix, if it is the one that runs this. */
function say(seen: Seen): void {
  const file = process.env[SEEN_FILE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(seen)}\n`);
}

it('runs on the Node of this process, and workers on the Python that tests are told to take', async () => {
  say({ who: 'vitest', version: process.version });
  await using pool = await createPythonPool({ module, size: 1 });
  const version = await pool.call<string>('version');
  say({ who: 'worker', version });
  const python = process.env['PYPOOL_PYTHON'] ?? 'python3';
  const told = execFileSync(python, ['-c', 'import sys; print(sys.version)'], { encoding: 'utf8' });
  expect(version).toBe(told.trimEnd());
});
