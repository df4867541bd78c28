// Packs every package and installs the archives into empty folders, as a user's project would: what is missing
// from an archive or from a manifest shows here, and nowhere else in this repository.

import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../test/run-program.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const tsc = join(root, 'node_modules/typescript/bin/tsc');

/** Packing and installing go through npm, which takes its time on a busy machine. */
const SLOW_MS = 120_000;

let folder: string;
let archives: Map<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pypool-installed-'));
  archives = await packAll(folder);
}, SLOW_MS);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the preset, installed into an empty project', () => {
  let project: string;
  let runtime: string[];

  beforeAll(async () => {
    project = await install('preset', [...archives.keys()]);
    await writeFile(join(project, 'shout.py'), SHOUT_PY);
    // Listed before a worker runs, which leaves its bytecode there.
    const files = await readdir(join(project, 'node_modules/@pypool/worker/dist/runtime/pypool'), {
      recursive: true,
      withFileTypes: true,
    });
    runtime = files
      .filter((file) => file.isFile())
      .map(({ name }) => name)
      .sort();
  }, SLOW_MS);

  it(
    'serves a first call from TypeScript as an ES module',
    async () => {
      await writeFile(join(project, 'first-call.mts'), FIRST_CALL_ESM);
      expect(FIRST_CALL_ESM.trim().split('\n').length).toBeLessThan(10);
      expect(await compileAndRun(project, 'first-call.mts')).toBe('HELLO\n');
    },
    SLOW_MS,
  );

  it(
    'serves a first call from TypeScript as CommonJS',
    async () => {
      await writeFile(join(project, 'first-call.cts'), FIRST_CALL_CJS);
      expect(FIRST_CALL_CJS.trim().split('\n').length).toBeLessThan(10);
      expect(await compileAndRun(project, 'first-call.cts')).toBe('HELLO\n');
    },
    SLOW_MS,
  );

  it(
    'has the command pypool, which tells how the module is served',
    async () => {
      const file = join(project, 'node_modules/.bin/pypool');
      const told = await runProgram({ file, args: ['doctor', 'shout.py'], cwd: project });
      expect(told).toMatch(/^serves {3}shout\nworkers {2}/m);
    },
    SLOW_MS,
  );

  it('carries the whole Python runtime, and nothing that Python made of it', async () => {
    const source = await readdir(join(root, 'python/pypool'), { recursive: true });
    expect(runtime).toEqual(source.filter((name) => name.endsWith('.py')).sort());
  });

  it('ships no tests, and no path of the machine that built it', async () => {
    const files = await shippedFiles(project);
    expect(files.filter((file) => file.includes('.test.'))).toEqual([]);
    for (const file of files) expect((await readFile(file, 'utf8')).includes(root), file).toBe(false);
  });

  it('has declarations that do not mention zod', async () => {
    const declarations = (await shippedFiles(project)).filter((file) => /\.d\.c?ts$/.test(file));
    expect(declarations).not.toEqual([]);
    for (const file of declarations) expect(await readFile(file, 'utf8'), file).not.toMatch(/from ['"]zod/);
  });
});

describe('@pypool/pool, installed alone', () => {
  let project: string;

  beforeAll(async () => {
    project = await install('pool', ['@pypool/pool', '@pypool/protocol']);
  }, SLOW_MS);

  it('brings no execa, no OpenTelemetry and no Python', async () => {
    const files = await readdir(join(project, 'node_modules'), { recursive: true });
    expect(files.filter((file) => /(^|\/)execa$|@opentelemetry|\.py$/.test(file))).toEqual([]);
    expect((await installedPackages(project)).sort()).toEqual(['@pypool/pool', '@pypool/protocol', 'zod']);
  });

  it('can be imported and required', async () => {
    const print = 'console.log(typeof pool.createPool)';
    const run = (args: string[]): Promise<string> =>
      runProgram({ file: process.execPath, args, cwd: project });
    expect(await run(['--input-type=module', '-e', `import * as pool from '@pypool/pool'; ${print}`])).toBe(
      'function\n',
    );
    expect(await run(['--input-type=commonjs', '-e', `const pool = require('@pypool/pool'); ${print}`])).toBe(
      'function\n',
    );
  });
});

const SHOUT_PY = `from pypool import expose


@expose
def shout(text: str) -> str:
    return text.upper()
`;

const FIRST_CALL_ESM = `import { createPythonPool } from 'pypool';

const pool = await createPythonPool({ module: './shout.py', size: 1 });
const answer: string = await pool.call<string>('shout', ['hello']);
console.log(answer);
await pool.close();
`;

const FIRST_CALL_CJS = `import { pythonPool } from 'pypool';

const pool = pythonPool({ module: './shout.py', size: 1 });
void pool
  .call<string>('shout', ['hello'])
  .then((answer: string) => console.log(answer))
  .finally(() => pool.close());
`;

/** `npm pack` of every package, and where the archive of each lies. */
async function packAll(destination: string): Promise<Map<string, string>> {
  const packages = (await readdir(join(root, 'packages'))).map((name) => `--workspace=packages/${name}`);
  const args = ['pack', '--json', '--pack-destination', destination, ...packages];
  const listing = await runProgram({ file: 'npm', args, cwd: root });
  const packed = JSON.parse(listing) as { name: string; filename: string }[];
  return new Map(packed.map(({ name, filename }) => [name, join(destination, filename)]));
}

/** A project that depends on these archives, and on the versions of everything else that the lock file names. */
async function install(name: string, packages: readonly string[]): Promise<string> {
  const project = join(folder, name);
  await mkdir(project);
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const locked = (name: string): string => lock.packages[`node_modules/${name}`]!.version;
  const manifest = {
    name: 'consumer',
    private: true,
    dependencies: Object.fromEntries(packages.map((name) => [name, `file:${archives.get(name)}`])),
    overrides: { zod: locked('zod'), execa: locked('execa') },
  };
  await writeFile(join(project, 'package.json'), JSON.stringify(manifest));
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await runProgram({ file: 'npm', args, cwd: project });
  return project;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string }>>;
}

/** All files that our packages brought into the project. */
async function shippedFiles(project: string): Promise<string[]> {
  const places = [...archives.keys()].map((name) => join(project, 'node_modules', name, 'dist'));
  const entries = await Promise.all(
    places.map((place) => readdir(place, { recursive: true, withFileTypes: true })),
  );
  return entries
    .flat()
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.pyc'))
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** Type-checks the file against the declarations in the archives, and runs what comes of it. */
async function compileAndRun(project: string, file: string): Promise<string> {
  const options = [
    '--strict',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--lib',
    'es2023,esnext.disposable',
  ];
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
  await runProgram({ file: process.execPath, args: [tsc, ...options, ...types, file], cwd: project });
  const compiled = file.replace(/ts$/, 'js');
  return runProgram({ file: process.execPath, args: [compiled], cwd: project });
}

/** The names of what npm put into the project. */
async function installedPackages(project: string): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(project, 'node_modules/.package-lock.json'), 'utf8')) as Lock;
  return Object.keys(lock.packages).map((place) => place.replace(/^.*node_modules\//, ''));
}
