import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createPythonWorkers, findPython, startPythonWorker, type LoneWorkerOptions } from '../src/index.js';
import { spawnLauncher } from '../src/launcher/spawn-launcher.js';
import { descendantsOf } from './processes.js';
import { fixture, leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

interface Where {
  readonly pid: number;
  readonly cwd: string;
  readonly argv: string[];
  readonly path: string;
  readonly executable: string;
  readonly worker: string;
  readonly slot: number;
}

/** A folder that is gone afterwards. */
function folder(): Disposable & { readonly path: string } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'pypool-worker-')));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

describe('a module', () => {
  it('can be a path, with its folder first among those to import from', async () => {
    await using worker = await workerFor('echo', { name: 'alone' });
    const where = await worker.call<Where>('where');
    expect(where).toEqual({
      pid: worker.pid,
      cwd: process.cwd(),
      argv: [],
      path: dirname(fixture('echo.py')),
      executable: expect.any(String) as string,
      worker: 'alone',
      slot: 0,
    });
  });

  it('can be a path relative to the working directory', async () => {
    await using worker = await startPythonWorker({ module: './echo.py', cwd: fixture('.') });
    expect((await worker.call<Where>('where')).cwd).toBe(realpathSync(fixture('.')));
  });

  it('can be a file URL', async () => {
    using home = folder();
    const file = join(home.path, 'with space %20 ü.py');
    writeFileSync(file, 'from pypool import expose\n@expose\ndef f():\n    return __file__\n');
    await using worker = await startPythonWorker({ module: pathToFileURL(file) });
    expect(await worker.call('f')).toBe(file);
  });

  it('can be the folder of a package, whose parts know each other', async () => {
    await using worker = await startPythonWorker({ module: fixture('package_with_parts') });
    expect(await worker.call('tell')).toEqual(['package_with_parts', 'from the parts']);
  });

  it('can be a dotted name, found from the working directory', async () => {
    await using worker = await startPythonWorker({ module: 'modules.echo', cwd: fixture('..') });
    expect(worker.functions.map(({ name }) => name)).toContain('nap');
  });

  it('can be several, by the prefix of their names', async () => {
    const module = {
      e: fixture('echo.py'),
      streams: fixture('yield_items.py'),
      package_: 'package_with_parts',
    };
    await using worker = await startPythonWorker({ module, cwd: fixture('.') });
    expect(await worker.call('e.echo', [1])).toBe(1);
    expect(await worker.call('package_.tell')).toContain('from the parts');
    const stream = worker.stream('streams.count', [2]);
    expect(await stream.next()).toEqual({ value: 0, done: false });
    await stream.return();
    expect(await rejection(worker.call('echo', [1]))).toMatchObject({
      code: 'unknown-function',
      context: { suggestions: ['e.echo'] },
    });
  });

  it('that exposes nothing serves what is asked for, and no more', async () => {
    await using worker = await workerFor('expose_nothing', { expose: ['double'] });
    expect(worker.functions.map(({ name }) => name)).toEqual(['double']);
    expect(await worker.call('double', [21])).toBe(42);
    for (const name of ['_hidden', '__proto__', 'os.system', '..', 'double.__globals__']) {
      expect(await rejection(worker.call(name))).toMatchObject({ code: 'unknown-function' });
    }
  });
});

it('tells what functions want and give where that is asked for', async () => {
  const double = { expose: ['double'], launcher: 'fork' } as const;
  await using worker = await workerFor('expose_nothing', { ...double, signatures: true });
  await using silent = await workerFor('expose_nothing', double);
  const number = { name: 'number', kind: 'either', required: true, hint: null, schema: {} };
  expect(worker.functions).toMatchObject([
    { name: 'double', signature: { doc: null, parameters: [number], returns: null } },
  ]);
  expect(silent.functions[0]).not.toHaveProperty('signature');
});

describe('a start', () => {
  it.each([
    ['raise_on_import', /ModuleNotFoundError: No module named .*File ".*raise_on_import\.py", line 3/s],
    ['break_syntax', /SyntaxError.*break_syntax\.py", line 1/s],
    ['fail_to_start', /ConnectionError: no database for python.*line 8, in connect/s],
    ['expose_nothing', /'expose_nothing' exposes no function.*option `expose`/s],
    ['exit_on_import', /exited with code 3 before it was ready.*out of licences/s],
  ])('of %s fails and says why', async (module, message) => {
    const error = await rejection(workerFor(module));
    expect(error).toMatchObject({
      code: 'start-failed',
      message: expect.stringMatching(message) as string,
      context: { workerId: 'python', python: expect.stringMatching(/^3\.\d+\.\d+/) as string },
    });
    expect(descendantsOf(process.pid)).toEqual([]);
  });

  it('of a name that is not there fails, and of a name to expose suggests another', async () => {
    expect(await rejection(startPythonWorker({ module: 'no.such.module' }))).toMatchObject({
      code: 'start-failed',
      message: expect.stringContaining("no module named 'no'") as string,
    });
    expect(await rejection(workerFor('expose_nothing', { expose: ['duoble'] }))).toMatchObject({
      code: 'start-failed',
      message: expect.stringContaining("did you mean 'double'?") as string,
    });
  });

  it('for want of a variable that is set here names the option that passes it on', async () => {
    process.env['PYPOOL_TEST_KEY'] = 'secret';
    try {
      expect(await rejection(workerFor('read_variable'))).toMatchObject({
        code: 'start-failed',
        message: expect.stringContaining("env: { inherit: ['PYPOOL_TEST_KEY'] }") as string,
      });
    } finally {
      delete process.env['PYPOOL_TEST_KEY'];
    }
  });

  it('that takes too long ends with everything it began', async () => {
    expect(await rejection(workerFor('hang_on_import', { startTimeoutMs: 400 }))).toMatchObject({
      code: 'start-timeout',
      context: {
        workerId: 'python',
        startTimeoutMs: 400,
        modules: [fixture('hang_on_import.py')],
        phase: expect.stringMatching(/^(?:spawning|handshaking|importing)$/) as string,
      },
    });
    expect(descendantsOf(process.pid)).toEqual([]);
  });

  it('that is aborted at any point ends with everything it began', async () => {
    const before = AbortSignal.abort('before');
    expect(await rejection(workerFor('echo', { signal: before }))).toMatchObject({
      code: 'aborted',
      cause: 'before',
    });
    for (const delayMs of [0, 20, 60, 120]) {
      const signal = AbortSignal.timeout(delayMs);
      expect(await rejection(workerFor('hang_on_import', { signal }))).toMatchObject({ code: 'aborted' });
      expect(descendantsOf(process.pid)).toEqual([]);
    }
  });

  it('that has said it is importing can be aborted', async () => {
    const abort = new AbortController();
    const workers = createPythonWorkers({ module: fixture('hang_on_import.py') });
    workers.on('output', () => abort.abort(new Error('seen enough')));
    const request = { workerId: 'w', poolName: 'p', slot: 0 };
    const observer = {
      onLate: () => expect.unreachable(),
      onUnavailable: () => expect.unreachable(),
      onWorn: () => expect.unreachable(),
      onExit: () => expect.unreachable(),
    };
    await expect(workers.start(request, observer, abort.signal)).rejects.toThrow('seen enough');
    await workers.close();
    expect(descendantsOf(process.pid)).toEqual([]);
  });

  it.each([
    [{ module: './nope.py' }, /nope\.py, and nothing is there/],
    [{ module: fixture('.') }, /holds no __init__\.py/],
    [{ module: fixture('../../worker-for.ts') }, /no Python file/],
    [{ module: 'not a name' }, /neither a path nor a dotted name/],
    [{ module: 'm', python: '/no/such/python' }, /\/no\/such\/python/],
    [{ module: 'm', cwd: 5 }, /cwd/],
    [{ modul: 'm' }, /modul/],
  ])('with the options %j is refused before anything is started', async (options, message) => {
    expect(await rejection(startPythonWorker(options as unknown as LoneWorkerOptions))).toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message) as string,
    });
  });

  it('in a folder that is not there names it', async () => {
    expect(await rejection(workerFor('echo', { cwd: '/no/such/folder' }))).toMatchObject({
      code: 'start-failed',
      message: expect.stringContaining('/no/such/folder') as string,
    });
  });
});

const old = ['2.7', '3.6', '3.7', '3.8'].map((version) => [version, pyenvPython(version)] as const);

describe('a Python that is too old', () => {
  for (const [version, python] of old) {
    const title = `(${version}) is named with its version, with a guardian and without`;
    // Skipped where pyenv has none: nothing can be said about an interpreter that is not there.
    it.skipIf(python === undefined)(title, async () => {
      const message = expect.stringMatching(
        new RegExp(`pypool needs Python 3\\.9 or newer; \\S+ is Python ${version}`),
      ) as string;
      const options = { module: fixture('echo.py'), python: python ?? '' };
      expect(await rejection(startPythonWorker(options))).toMatchObject({ code: 'start-failed', message });
      // Python 2 refuses `-X faulthandler` before it reads a program, in words of its own; the guardian goes without.
      if (version === '2.7') return;
      const launcher = spawnLauncher({ python: python ?? '', guardian: false });
      expect(await rejection(startPythonWorker({ ...options, launcher }))).toMatchObject({
        code: 'start-failed',
        message,
      });
    });
  }
});

describe('the environment', () => {
  it('holds the allow-list, what is inherited by name or pattern, and what is set', async () => {
    process.env['PYPOOL_TEST_SECRET'] = 'secret';
    process.env['PYPOOL_TEST_SHARED'] = 'shared';
    try {
      const env = {
        inherit: ['PYPOOL_TEST_SH*'],
        set: { GREETING: 'grüße\n', PATH: process.env['PATH'] ?? '' },
      };
      await using worker = await workerFor('echo', { env });
      const seen = await worker.call<Record<string, string>>('environment');
      expect(seen).toMatchObject({ PYPOOL_TEST_SHARED: 'shared', GREETING: 'grüße\n', OMP_NUM_THREADS: '1' });
      expect(seen['HOME']).toBe(process.env['HOME']);
      expect(seen).not.toHaveProperty('PYPOOL_TEST_SECRET');
      expect(seen).not.toHaveProperty('VITEST');
    } finally {
      delete process.env['PYPOOL_TEST_SECRET'];
      delete process.env['PYPOOL_TEST_SHARED'];
    }
  });

  it('can be a function of the slot', async () => {
    const workers = createPythonWorkers({
      module: fixture('echo.py'),
      env: ({ slot }) => ({ set: { DEVICE: String(slot) } }),
    });
    const observer = {
      onLate: () => undefined,
      onUnavailable: () => undefined,
      onWorn: () => undefined,
      onExit: () => undefined,
    };
    const seen = await Promise.all(
      [0, 3].map(async (slot) => {
        const request = { workerId: `w-${slot}`, poolName: 'w', slot };
        const worker = await workers.start(request, observer, new AbortController().signal);
        const result = await new Promise<Record<string, string>>((resolve, reject) => {
          worker.run({
            kind: 'call',
            name: 'environment',
            args: undefined,
            meta: undefined,
            executionTimeoutMs: Infinity,
            itemTimeoutMs: Infinity,
            credit: 0,
            onStart: () => undefined,
            onItem: () => undefined,
            onResult: (value) => resolve(value as Record<string, string>),
            onError: reject,
          });
        });
        await worker.close({ timeoutMs: 5_000 });
        return result['DEVICE'];
      }),
    );
    expect(seen).toEqual(['0', '3']);
    await workers.close();
  });

  it('that cannot be made fails the start', async () => {
    const env = (): never => {
      throw new Error('no device is free');
    };
    expect(await rejection(workerFor('echo', { env }))).toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining('no device is free') as string,
    });
  });
});

describe('a virtual environment', () => {
  it('is used by its folder, and knows itself by the name it was called', async () => {
    using home = folder();
    const { executable } = await whereIsPython();
    mkdirSync(join(home.path, 'venv/bin'), { recursive: true });
    symlinkSync(executable, join(home.path, 'venv/bin/python3'));
    writeFileSync(join(home.path, 'venv/pyvenv.cfg'), `home = ${dirname(executable)}\n`);
    await using worker = await workerFor('echo', { python: join(home.path, 'venv') });
    expect((await worker.call<Where>('where')).executable).toBe(join(home.path, 'venv/bin/python3'));
  });
});

/** The interpreter itself, which the one that is found may only lead to. */
async function whereIsPython(): Promise<Where> {
  await using worker = await workerFor('echo', { python: findPython().path });
  return worker.call<Where>('where');
}

function pyenvPython(version: string): string | undefined {
  const versions = join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions');
  try {
    const found = readdirSync(versions).find((name) => name.startsWith(`${version}.`));
    return found === undefined ? undefined : join(versions, found, 'bin/python');
  } catch {
    return undefined; // there is no pyenv
  }
}
