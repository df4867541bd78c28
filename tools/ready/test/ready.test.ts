import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../main.mjs', import.meta.url));

describe('getting ready', () => {
  let bin: string;
  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), 'pypool-ready-'));
  });
  afterEach(() => rmSync(bin, { recursive: true, force: true }));

  it('runs the command and passes its output and exit code on', () => {
    python('python3', '3.12.1');
    expect(ready("console.log('ran'); process.exit(7)")).toMatchObject({
      status: 7,
      stdout: 'ran\n',
      stderr: '',
    });
  });

  it('ends with the code of the signal that ended the command', () => {
    python('python3', '3.12.1');
    expect(ready("process.kill(process.pid, 'SIGKILL')").status).toBe(128 + 9);
  });

  it('takes python where there is no python3, and tells the packages', () => {
    python('python', '3.9.0');
    expect(ready('console.log(process.env.PYPOOL_PYTHON)').stdout).toBe(`${join(bin, 'python')}\n`);
  });

  it('says in one message what it looked for where no Python is found', () => {
    const { status, stderr, stdout } = ready('console.log(1)');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(
      [
        'pypool needs Python 3.9 or newer. Looked for:',
        '  python3: not found',
        '  python: not found',
        `on the PATH ${bin}`,
        'Install one, or set PYPOOL_PYTHON to the file of an interpreter.',
        '',
      ].join('\n'),
    );
  });

  it('names the version and the place of a Python that is too old', () => {
    python('python3', '3.8.20');
    expect(ready('').stderr).toContain(`python3: too old: 3.8.20 (${join(bin, 'python3')})`);
  });

  it('looks nowhere else where PYPOOL_PYTHON is set', () => {
    python('python3', '3.12.1');
    const { status, stderr } = ready('', { PYPOOL_PYTHON: '/nowhere/python' });
    expect(status).toBe(1);
    expect(stderr).toContain('/nowhere/python (from PYPOOL_PYTHON): not found');
    expect(stderr).not.toContain('  python3:');
  });

  /** Runs a line of JavaScript through the tool, on a machine whose PATH holds only the Pythons of the test. */
  function ready(
    code: string,
    env: NodeJS.ProcessEnv = {},
  ): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(process.execPath, [main, 'node', '-e', code], {
      env: { PATH: bin, ...env },
      encoding: 'utf8',
    });
  }

  /** A stand-in for an interpreter: it answers the question for its version, and nothing else. */
  function python(name: string, version: string): void {
    const file = join(bin, name);
    writeFileSync(file, `#!/bin/sh\necho "${version} ${file}"\n`);
    chmodSync(file, 0o755);
  }
});
