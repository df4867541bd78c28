import { join } from 'node:path';
import { provideBareVenv } from '../ready/venv.mjs';
import { runPython } from './python.js';
import { closingLine, noResults, skippedLines, sum } from './results.js';
import type { Results } from './results.js';
import { runTypeScript } from './typescript.js';

export interface TestRun {
  readonly root: string;
  readonly seed: number;
  /** Parts of the paths of TypeScript's test files, of which one must match: all where there are none. `null`: no file. */
  readonly typescript: readonly string[] | null;
  /** The folder below `python/` whose tests run; `null`: none. */
  readonly python: string | null;
}

/** Runs tests of TypeScript and Python side by side, and prints what they found, the sum last. */
export async function runTests({ root, seed, typescript, python }: TestRun): Promise<Results> {
  process.env['PYPOOL_PYTHON'] ??= barePython(root);
  console.log(`Running tests in random order, seed ${seed}\n`);
  const [ofTypeScript, ofPython] = await Promise.all([
    typescript === null ? noResults() : runTypeScript({ root, seed, filters: typescript }),
    python === null ? { results: noResults(), lines: [] } : runPython({ root, seed, folder: python }),
  ]);
  for (const line of ofPython.lines) console.log(line);

  const all = sum([ofTypeScript, ofPython.results]);
  if (all.skipped.length > 0) console.log(`\nSkipped ${all.skipped.length}:`);
  for (const line of skippedLines(all)) console.log(`  ${line}`);
  if (all.failed > 0) console.log(`\nFailed with seed ${seed}.`);
  if (all.passed + all.failed + all.skipped.length === 0) console.log('\nNo test ran.');
  console.log(`\n${closingLine(all)}`);
  return all;
}

/**
 * A Python without any package: what this machine's has installed neither changes what a test sees, nor slows down each of a thousand starts,
 * as a `.pth` file or a shim of pyenv does.
 */
function barePython(root: string): string {
  const venv = provideBareVenv(join(root, '.cache/python-bare'));
  if ('bin' in venv) return join(venv.bin, 'python');
  console.log(`Tests run with the Python as it is, for an empty environment cannot be made: ${venv.missing}`);
  return 'python3';
}
