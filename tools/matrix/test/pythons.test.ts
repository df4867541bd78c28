import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultPython, findPythons } from '../pythons.js';

describe('the Pythons of a machine', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'pypool-pythons-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  /** A program that says it is this version. */
  function python(path: string, version: string): string {
    return program(path, `echo ${version} "$0"`);
  }

  function program(path: string, line: string): string {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${line}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  /** With these folders alone. */
  function env(...folders: string[]): NodeJS.ProcessEnv {
    return { HOME: home, PATH: folders.map((folder) => join(home, folder)).join(':') };
  }

  it('are one for each minor, the newest patch of it, in their order', () => {
    python('a/python3', '3.12.1');
    const newest = python('a/python3.9', '3.9.18');
    python('a/python3-config', '3.30.0');
    const patched = python('b/python3', '3.12.10');
    python('b/python3.9', '3.9.2');
    expect(findPythons(env('a', 'none', 'b'))).toEqual([
      { file: newest, version: '3.9.18' },
      { file: patched, version: '3.12.10' },
    ]);
  });

  it('are those of pyenv too, by PYENV_ROOT, by what pyenv says, or at home', () => {
    const root = join(home, 'py');
    const named = python('py/versions/3.10.13/bin/python3', '3.10.13');
    const found = [{ file: named, version: '3.10.13' }];
    expect(findPythons({ ...env(), PYENV_ROOT: root })).toEqual(found);
    program('a/pyenv', `echo ${root}`);
    expect(findPythons(env('a'))).toEqual(found);
    const usual = python('.pyenv/versions/3.13.0/bin/python3', '3.13.0');
    expect(findPythons(env())).toEqual([{ file: usual, version: '3.13.0' }]);
  });

  it('are none that is too old, broken, or only a shim of pyenv', () => {
    python('a/python3', '3.8.18');
    python('.pyenv/shims/python3.11', '3.11.0');
    program('b/python3', 'exit 1');
    expect(findPythons(env('a', 'b', '.pyenv/shims'))).toEqual([]);
  });

  it('have one among them that is taken where none is named', () => {
    const file = python('a/python3', '3.12.1');
    expect(defaultPython(env('a'))).toEqual({ file, version: '3.12.1' });
    expect(defaultPython({ PYPOOL_PYTHON: file })).toEqual({ file, version: '3.12.1' });
    expect(() => defaultPython({ PYPOOL_PYTHON: '/nowhere' })).toThrow('/nowhere');
  });
});
