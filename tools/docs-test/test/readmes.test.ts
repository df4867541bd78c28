// Runs the samples of every README and of the documentation as their readers would: the TypeScript ones as programs that must compile and
// exit with 0, with the packages as they are built, in a folder that holds the Python ones of the same page. CONTRIBUTING.md says how a page marks them.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../test/run-program.js';
import { fileNameOf, samplesOf } from '../samples.js';
import type { Sample } from '../samples.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const config = fileURLToPath(new URL('../vitest.config.ts', import.meta.url));

/** For the compiler on a busy machine. */
const SLOW_MS = 120_000;

interface Page {
  /** Its path in the repository. */
  readonly path: string;
  readonly programs: readonly Sample[];
  readonly modules: readonly Sample[];
}

const pages = await readPages();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pypool-readme-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const page of pages) await writePage(page);
  const compilerOptions = { typeRoots: [join(root, 'node_modules/@types')] };
  const settings = { extends: join(root, 'tsconfig.base.json'), compilerOptions, include: ['**/*.ts'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it('finds samples in the README of the repository', () => {
  expect(pages.map(({ path }) => path)).toContain('README.md');
});

it(
  'finds TypeScript samples that compile, in all of them',
  async () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    await runProgram({ file: process.execPath, args: [tsc, '-p', '.'], cwd: folder });
  },
  SLOW_MS,
);

describe.each(pages)('$path', ({ path, programs, modules }) => {
  for (const program of programs) {
    it(`has a program on line ${program.line} that runs`, async ({ skip }) => {
      if (program.notRun !== undefined) skip(program.notRun);
      const asProgram = ['--import', 'tsx', programFile(program)];
      const asTest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', config, '--root', '.'];
      const args = program.isTest ? [...asTest, programFile(program)] : asProgram;
      await runProgram({ file: process.execPath, args, cwd: folderOf(path) });
    });
  }

  for (const sample of modules) {
    it(`has a Python module on line ${sample.line} that imports`, async ({ skip }) => {
      if (sample.notRun !== undefined) skip(sample.notRun);
      const name = fileNameOf(sample);
      expect(name, 'its first line names its file: # name.py').toBeDefined();
      const code = 'import runpy, sys; runpy.run_path(sys.argv[1])';
      const env = { ...process.env, PYTHONPATH: join(root, 'python'), PYTHONDONTWRITEBYTECODE: '1' };
      const python = process.env['PYPOOL_PYTHON'] ?? 'python3';
      await runProgram({ file: python, args: ['-c', code, name!], cwd: folderOf(path), env });
    });
  }
});

/** Lays out the page's samples as files: programs by their line, modules by the name that they give themselves. */
async function writePage({ path, programs, modules }: Page): Promise<void> {
  await mkdir(join(folderOf(path), 'test'), { recursive: true });
  for (const program of programs) {
    if (program.notRun !== undefined) continue;
    const code = `${program.preamble}\n${program.code}\nexport {};\n`;
    await writeFile(join(folderOf(path), programFile(program)), code);
  }
  for (const sample of modules) {
    const file = join(folderOf(path), fileNameOf(sample) ?? `line-${sample.line}.py`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, sample.code);
  }
}

/** Where the test preset finds tests, or beside the Python files. */
function programFile({ line, isTest }: Sample): string {
  return isTest ? `test/line-${line}.test.ts` : `line-${line}.ts`;
}

/** Each page has a folder of its own: pages side by side may well name their modules alike. */
function folderOf(page: string): string {
  return join(folder, dirname(page), basename(page, '.md'));
}

async function readPages(): Promise<Page[]> {
  const paths = ['README.md'];
  for (const group of ['packages', 'apps', 'tools']) {
    for (const name of await readdir(join(root, group))) paths.push(`${group}/${name}/README.md`);
  }
  for (const name of await readdir(join(root, 'apps/docs'))) {
    if (name.endsWith('.md') && name !== 'README.md') paths.push(`apps/docs/${name}`);
  }
  const found: Page[] = [];
  for (const path of paths.filter((path) => existsSync(join(root, path)))) {
    const samples = samplesOf(await readFile(join(root, path), 'utf8'));
    const programs = samples.filter(({ language }) => language === 'ts');
    const modules = samples.filter(({ language }) => language === 'python');
    if (programs.length + modules.length > 0) found.push({ path, programs, modules });
  }
  return found;
}
