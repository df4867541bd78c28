import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guardianFile, runtimeDir } from '../src/python/runtime-files.js';

/**
 * A folder that launchers take for the runtime, in which `pypool.__main__`, and `pypool.fork_server`, behaves like one of `fixtures/launcher`; the guardian is the
 * real one unless another is named.
 */
export function fixtureRuntime(behaviour: string, guardian?: string): Disposable & { readonly dir: string } {
  const program = fixture(behaviour);
  const dir = mkdtempSync(join(tmpdir(), 'pypool-runtime-'));
  mkdirSync(join(dir, 'pypool'));
  copyFileSync(guardian === undefined ? guardianFile(runtimeDir()) : fixture(guardian), guardianFile(dir));
  for (const module of ['__main__', 'fork_server']) {
    writeFileSync(
      join(dir, 'pypool', `${module}.py`),
      `import runpy\n\n\ndef main():\n    runpy.run_path(${JSON.stringify(program)}, run_name="__main__")\n`,
    );
  }
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

function fixture(behaviour: string): string {
  return fileURLToPath(new URL(`fixtures/launcher/${behaviour}.py`, import.meta.url));
}
