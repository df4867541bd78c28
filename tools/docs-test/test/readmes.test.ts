// Runs the samples of every README as their readers would: the TypeScript ones as programs that must compile and
// exit with 0, in a folder that holds the Python ones of the same page. CONTRIBUTING.md says how a page marks them.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../test/run-program.js';
import { SOURCE_CONDITION } from '../../test/vitest-preset.js';
import { fileNameOf, samplesOf } from '../samples.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

for (const page of await readmes()) {
  const samples = samplesOf(await readFile(join(root, page), 'utf8'));
  const programs = samples.filter(({ language }) => language === 'ts');
  const modules = samples.filter(({ language }) => language === 'python');
  const runnable = programs.filter(({ notRun }) => notRun === undefined);
  if (programs.length + modules.length === 0) continue;

  describe(page, () => {
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pypool-readme-'));
      await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
      await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
      for (const { code, name = 'unnamed.py' } of modules.map((sample) => ({
        ...sample,
        name: fileNameOf(sample),
      }))) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), code);
      }
      for (const { code, preamble, line } of programs) {
        await writeFile(join(folder, `line-${line}.ts`), `${preamble}\n${code}\nexport {};\n`);
      }
      const files = runnable.map(({ line }) => `line-${line}.ts`);
      const compilerOptions = { types: ['node'], typeRoots: [join(root, 'node_modules/@types')] };
      const settings = { extends: join(root, 'tsconfig.base.json'), compilerOptions, files };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    });

    afterAll(() => rm(folder, { recursive: true, force: true }));

    it.runIf(runnable.length > 0)('has TypeScript samples that compile', async () => {
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      await runProgram({ file: process.execPath, args: [tsc, '-p', folder], cwd: folder });
    });

    for (const { line, notRun } of programs) {
      it(`has a program on line ${line} that runs`, async ({ skip }) => {
        if (notRun !== undefined) skip(notRun);
        const args = ['--import', 'tsx', `--conditions=${SOURCE_CONDITION}`, `line-${line}.ts`];
        await runProgram({ file: process.execPath, args, cwd: folder });
      });
    }

    for (const sample of modules) {
      it(`has a Python module on line ${sample.line} that imports`, async ({ skip }) => {
        if (sample.notRun !== undefined) skip(sample.notRun);
        const name = fileNameOf(sample);
        expect(name, 'its first line names its file: # name.py').toBeDefined();
        const python = process.env['PYPOOL_PYTHON'] ?? 'python3';
        const code = 'import runpy, sys; runpy.run_path(sys.argv[1])';
        const env = { ...process.env, PYTHONPATH: join(root, 'python'), PYTHONDONTWRITEBYTECODE: '1' };
        await runProgram({ file: python, args: ['-c', code, name!], cwd: folder, env });
      });
    }
  });
}

it('finds the README of the repository', async () => {
  expect(await readmes()).toContain('README.md');
});

async function readmes(): Promise<string[]> {
  const pages = ['README.md'];
  for (const group of ['packages', 'apps', 'tools']) {
    for (const name of await readdir(join(root, group))) pages.push(`${group}/${name}/README.md`);
  }
  return pages.filter((page) => existsSync(join(root, page)));
}
