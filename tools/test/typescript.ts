import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { createVitest } from 'vitest/node';
import type { TestUserConfig } from 'vitest/node';
import { HeldOutput } from './held-output.js';
import { PartReporter } from './part-reporter.js';
import { PartSequencer } from './part-sequencer.js';
import type { Results } from './results.js';

/** The parts that have TypeScript tests: each folder with a `vitest.config.ts`. */
const PROJECTS = ['packages/*/vitest.config.ts', 'apps/*/vitest.config.ts', 'tools/*/vitest.config.ts'];

export interface TypeScriptRun {
  readonly root: string;
  readonly seed: number;
  /** Only test files whose path contains one of these. Empty: all. */
  readonly filters: readonly string[];
}

/** Runs the tests of all parts in one vitest, and prints a line for each part and the failures. */
export async function runTypeScript({ root, seed, filters }: TypeScriptRun): Promise<Results> {
  const output = new HeldOutput(process.stdout);
  const reporter = new PartReporter(root, output);
  const options: TestUserConfig = {
    root,
    config: false,
    projects: PROJECTS,
    reporters: [reporter],
    sequence: { seed, shuffle: true, sequencer: PartSequencer },
    passWithNoTests: true,
    watch: false,
    // Most files wait for processes most of the time: Vitest's own choice leaves a core without work.
    maxWorkers: availableParallelism() + 1,
  };
  const vitest = await createVitest('test', options, {}, { stdout: output, stderr: output });
  try {
    await vitest.standalone();
    const files = await vitest.globTestSpecifications();
    // Vitest's own filters are relative to each project: `packages/pool` would find nothing in most of them.
    const chosen = files.filter(({ moduleId }) => isChosen(relative(root, moduleId), filters));
    await vitest.runTestSpecifications(chosen, true);
  } finally {
    await vitest.close();
  }
  // Vitest sets the exit code of this process; the sum of all runners decides that here.
  process.exitCode = undefined;
  return reporter.results;
}

function isChosen(file: string, filters: readonly string[]): boolean {
  return filters.length === 0 || filters.some((filter) => file.includes(filter));
}
