// Runs every test, TypeScript's and Python's, and closes with the sum: `npm test [-- FILTER... [--seed N]]`.
//
// A filter is a part of a test file's path; `python` stands for all of Python's tests. Tests run in random order:
// the seed is printed, and `--seed` repeats one. Nothing here is cached: a run is a run.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isGreen } from './results.js';
import { runTests } from './run-tests.js';

const { values, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' } },
});
const paths = filters.filter((filter) => filter !== 'python');
const all = await runTests({
  root: fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, ''),
  seed: Number(values.seed ?? Date.now()),
  typescript: filters.length === 0 || paths.length > 0 ? paths : null,
  python: filters.length === 0 || filters.includes('python') ? 'tests' : null,
});
process.exitCode = isGreen(all) ? 0 : 1;
