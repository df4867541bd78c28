import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findPython, startPythonWorker } from '../src/index.js';
import { leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

const NAME = 'pypool_test_no_such_module';

describe('a module that is missing', () => {
  it('in a handler is explained by the interpreter that lacks it, and how to install it', async () => {
    const python = findPython().path;
    await using worker = await workerFor('miss_things', { python });
    const error = await rejection(worker.call('import_module', [NAME]));
    expect(error).toMatchObject({ code: 'python-error', pythonType: 'ModuleNotFoundError' });
    expect(error.message).toMatch(
      `ModuleNotFoundError: No module named '${NAME}'; it is missing in ${python} (found by the python option; `,
    );
    expect(error.message).toContain(`${python} -m pip install ${NAME};`);
    expect(error.stack).toContain(error.message);
    expect(error.toJSON()['message']).toBe(error.message);
    expect(await rejection(worker.call('import_behind', [NAME]))).toMatchObject({
      message: expect.stringMatching(
        /^RuntimeError: plots need an optional package; it is missing in .* -m pip install /,
      ) as string,
    });
  });

  it('at the start names the environment nearby that has it', async () => {
    using home = folder();
    const site = join(home.path, '.venv/lib/python3.12/site-packages');
    mkdirSync(site, { recursive: true });
    writeFileSync(join(home.path, '.venv/pyvenv.cfg'), '');
    writeFileSync(join(site, `${NAME}.py`), '');
    mkdirSync(join(home.path, 'src'));
    const module = join(home.path, 'src/app.py');
    writeFileSync(module, `import ${NAME}\n`);
    const error = await rejection(startPythonWorker({ module, python: findPython().path }));
    expect(error.code).toBe('start-failed');
    const [first, second] = error.message.split('\n');
    expect(first).toContain(`No module named '${NAME}'; it is missing in `);
    expect(first).toContain(`choose that with python: '${join(home.path, '.venv')}'.`);
    expect(second).toBe('Traceback (most recent call last):');
  });

  it('that is to be served itself is explained, too', async () => {
    const error = await rejection(startPythonWorker({ module: NAME }));
    expect(error.message).toContain(`there is no module named '${NAME}' in `);
    expect(error.message).toContain(`-m pip install ${NAME};`);
  });
});

describe('a variable that is set here and was held back', () => {
  beforeEach(() => {
    vi.stubEnv('PYPOOL_TEST_KEY', 'secret');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const remedy = "unless an option passes it on: env: { inherit: ['PYPOOL_TEST_KEY'] }.";

  it('is named in calls and streams with the option that passes it on, never with its value', async () => {
    await using worker = await workerFor('miss_things');
    for (const name of ['read_variable', 'ask_for_variable']) {
      const error = await rejection(worker.call(name, ['PYPOOL_TEST_KEY']));
      expect(error.message).toContain(remedy);
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain('secret');
    }
    const stream = worker.stream('stream_variable', ['PYPOOL_TEST_KEY']);
    expect(await stream.next()).toEqual({ value: 1, done: false });
    const error = await rejection(stream.next());
    expect(error.message).toContain(remedy);
  });

  it('is not, where it was passed on or is not set here either', async () => {
    await using worker = await workerFor('miss_things', { env: { inherit: ['PYPOOL_TEST_*'] } });
    expect(await worker.call('read_variable', ['PYPOOL_TEST_KEY'])).toBe('secret');
    const error = await rejection(worker.call('read_variable', ['PYPOOL_TEST_OTHER']));
    expect(error.message).toBe("KeyError: 'PYPOOL_TEST_OTHER'");
  });
});

/** A folder that is gone afterwards. */
function folder(): Disposable & { readonly path: string } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'pypool-remedy-')));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
