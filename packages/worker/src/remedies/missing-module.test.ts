import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PythonError } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { missingModule, MissingModules } from './missing-module.js';

function missing(name: string, pythonType = 'ModuleNotFoundError'): PythonError {
  const message = `${pythonType}: ${pythonType === 'NothingToServe' ? 'there is no module' : 'No module'} named '${name}'`;
  return new PythonError({ code: 'python-error', message, pythonType });
}

describe('missingModule', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pypool-remedy-'));
    vi.stubEnv('VIRTUAL_ENV', '');
    vi.stubEnv('CONDA_PREFIX', '');
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
    vi.unstubAllEnvs();
  });

  function file(path: string): string {
    const at = join(root, path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, '');
    return at;
  }

  function environment(folder: string, ...packages: string[]): string {
    file(`${folder}/pyvenv.cfg`);
    for (const name of packages) file(`${folder}/lib/python3.12/site-packages/${name}`);
    return join(root, folder);
  }

  function explained(
    name: string,
    { python = '/usr/bin/python3', foundBy = 'PATH', type = '' } = {},
  ): string {
    const modules = new MissingModules({ path: python, foundBy }, [join(root, 'app/src'), root]);
    return missingModule(type === '' ? missing(name) : missing(name, type), modules);
  }

  it('names the interpreter, that it is in no environment, and how to install', () => {
    expect(explained('numpy')).toBe(
      '; it is missing in /usr/bin/python3 (found by PATH; no virtual environment). ' +
        'If it is of a package, install that: /usr/bin/python3 -m pip install numpy; or choose another interpreter with the python option or PYPOOL_PYTHON.',
    );
  });

  it('knows what packages are called whose module has another name', () => {
    expect(explained('cv2')).toContain('-m pip install opencv-python-headless;');
    expect(explained('yaml')).toContain('-m pip install PyYAML;');
  });

  it('names the environment that was used', () => {
    const own = environment('app/.venv');
    const python = join(own, 'bin/python3');
    expect(explained('numpy', { python, foundBy: '.venv' })).toContain(
      `it is missing in ${python} (found by .venv; the environment ${own}). If`,
    );
  });

  it.each([
    ['app/.venv', 'numpy/__init__.py'],
    ['app/src/venv', 'numpy.py'],
    ['env', 'numpy.abi3.so'],
  ])('names the environment %s nearby that has it as %s', (folder, entry) => {
    const other = environment(folder, entry);
    environment('.venv');
    expect(explained('numpy.linalg', { foundBy: 'PYPOOL_PYTHON' })).toBe(
      `; it is missing in /usr/bin/python3 (found by PYPOOL_PYTHON; no virtual environment), and is in ${other}: choose that with python: '${other}'.`,
    );
  });

  it('names the active environment that has it', () => {
    const active = environment('elsewhere', 'numpy/__init__.py');
    vi.stubEnv('VIRTUAL_ENV', active);
    expect(explained('numpy')).toContain(`is in ${active}:`);
  });

  it('does not send anybody to the environment that lacks it, or to a namesake of a beginning', () => {
    const own = environment('.venv', 'numpy_extras/__init__.py', 'numpy-1.0.dist-info/METADATA');
    expect(explained('numpy', { python: join(own, 'bin/python3') })).toContain('pip install numpy');
  });

  it('does not have parts of a package installed, nor of Python itself', () => {
    expect(explained('google.cloud.vision')).toContain('though google.cloud is there: in another version');
    expect(explained('_sqlite3')).toContain('a part of Python itself');
    expect(explained('distutils')).not.toContain('pip install');
  });

  it('explains a module to serve that is not there', () => {
    expect(explained('embeddings', { type: 'NothingToServe' })).toContain('/usr/bin/python3 (found by PATH');
  });

  it('has nothing to say of other errors, and where it does not know the interpreter', () => {
    expect(explained('numpy', { type: 'ImportError' })).toBe('');
    expect(missingModule(missing('numpy'), new MissingModules(undefined, [root]))).toBe('');
  });
});
