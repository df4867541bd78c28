import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isPypoolError, type PypoolError } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findPython, type FindPythonOptions } from './find-python.js';

describe('findPython', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pypool-python-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  function interpreter(path: string): string {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
    chmodSync(file, 0o755);
    return file;
  }

  function find(options: FindPythonOptions = {}): { path: string; foundBy: string } {
    return findPython({ cwd: root, env: {}, ...options });
  }

  function failure(options: FindPythonOptions): PypoolError {
    try {
      find(options);
    } catch (error) {
      if (isPypoolError(error)) return error;
    }
    throw new Error('found one');
  }

  it('takes the file, the environment or the name that the option names', () => {
    const file = interpreter('opt/python');
    const inVenv = interpreter('venv/bin/python3');
    const inPath = interpreter('usr/bin/python3.12');
    const env = { PATH: `relative:${join(root, 'usr/bin')}`, PYPOOL_PYTHON: '/nowhere' };
    expect(find({ python: file, env })).toEqual({ path: file, foundBy: 'the python option' });
    expect(find({ python: './opt/python', env }).path).toBe(file);
    expect(find({ python: './venv', env }).path).toBe(inVenv);
    expect(find({ python: 'venv', env }).path).toBe(inVenv);
    expect(find({ python: 'python3.12', env }).path).toBe(inPath);
  });

  it('looks for a bare name in PATH where a folder of that name is no environment', () => {
    mkdirSync(join(root, 'python3'));
    const inPath = interpreter('usr/bin/python3');
    expect(find({ python: 'python3', env: { PATH: join(root, 'usr/bin') } }).path).toBe(inPath);
  });

  it('keeps the link of a virtual environment, which is how its Python knows it', () => {
    const target = interpreter('usr/bin/python3');
    mkdirSync(join(root, '.venv/bin'), { recursive: true });
    const link = join(root, '.venv/bin/python3');
    symlinkSync(target, link);
    expect(find()).toEqual({ path: link, foundBy: '.venv' });
  });

  it('goes by PYPOOL_PYTHON, nearest .venv, VIRTUAL_ENV, CONDA_PREFIX, PATH, in this order', () => {
    const own = interpreter('own/python');
    const outer = interpreter('.venv/bin/python');
    const inner = interpreter('app/.venv/bin/python3');
    const virtual = interpreter('virtual/bin/python');
    const conda = interpreter('conda/bin/python');
    const system = interpreter('usr/bin/python3');
    const env: NodeJS.ProcessEnv = {
      PYPOOL_PYTHON: own,
      VIRTUAL_ENV: join(root, 'virtual'),
      CONDA_PREFIX: join(root, 'conda'),
      PATH: join(root, 'usr/bin'),
    };
    const moduleDir = join(root, 'app/src/deep');
    expect(find({ env, moduleDir })).toEqual({ path: own, foundBy: 'PYPOOL_PYTHON' });
    delete env['PYPOOL_PYTHON'];
    expect(find({ env, moduleDir })).toEqual({ path: inner, foundBy: '.venv' });
    rmSync(join(root, 'app'), { recursive: true });
    expect(find({ env, moduleDir })).toEqual({ path: outer, foundBy: '.venv' });
    rmSync(join(root, '.venv'), { recursive: true });
    expect(find({ env, moduleDir })).toEqual({ path: virtual, foundBy: 'VIRTUAL_ENV' });
    rmSync(join(root, 'virtual'), { recursive: true });
    expect(find({ env, moduleDir })).toEqual({ path: conda, foundBy: 'CONDA_PREFIX' });
    delete env['CONDA_PREFIX'];
    expect(find({ env, moduleDir })).toEqual({ path: system, foundBy: 'PATH' });
  });

  it('refuses an option that names nothing that can be executed', () => {
    const file = interpreter('python');
    chmodSync(file, 0o644);
    for (const python of [file, './missing', 'no-such-python', '']) {
      expect(failure({ python }).code).toBe('invalid-options');
    }
    expect(failure({ python: './missing' }).message).toContain(join(root, 'missing'));
  });

  it('does not pass over a PYPOOL_PYTHON that does not exist', () => {
    interpreter('.venv/bin/python3');
    const error = failure({ env: { PYPOOL_PYTHON: 'missing/python' } });
    expect(error.code).toBe('invalid-options');
    expect(error.message).toContain('PYPOOL_PYTHON');
  });

  it('lists every place where it looked in vain', () => {
    const error = failure({ env: { VIRTUAL_ENV: '/gone', PATH: root }, moduleDir: 'app' });
    expect(error.code).toBe('start-failed');
    expect(error.context['lookedFor']).toEqual([
      `.venv in ${join(root, 'app')} and above`,
      'VIRTUAL_ENV (/gone)',
      'python3 in PATH',
    ]);
  });
});
