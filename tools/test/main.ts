// Runs every test, TypeScript's and Python's, and closes with the sum: `npm test [-- FILTER... [--seed N]]`.
//
// A filter is a part of a test file's path; `python` stands for all of Python's tests. Tests run in random order:
// the seed is printed, and `--seed` repeats one. Nothing here is cached: a run is a run.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runPython } from './python.js';
import { closingLine, isGreen, noResults, sum } from './results.js';
import { runTypeScript } from './typescript.js';

const { values, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' } },
});
const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
const seed = Number(values.seed ?? Date.now());
const wantsPython = filters.length === 0 || filters.includes('python');
const paths = filters.filter((filter) => filter !== 'python');
const wantsTypeScript = filters.length === 0 || paths.length > 0;

console.log(`Running tests in random order, seed ${seed}\n`);
const [typescript, python] = await Promise.all([
  wantsTypeScript ? runTypeScript({ root, seed, filters: paths }) : noResults(),
  wantsPython ? runPython({ root, seed }) : { results: noResults(), lines: [] },
]);
for (const line of python.lines) console.log(line);

const all = sum([typescript, python.results]);
if (all.skipped.length > 0) console.log('\nSkipped:');
for (const { test, reason } of all.skipped) console.log(`  ${test}: ${reason}`);
if (!isGreen(all)) console.log(all.failed > 0 ? `\nFailed with seed ${seed}.` : '\nNo test ran.');
console.log(`\n${closingLine(all)}`);
process.exitCode = isGreen(all) ? 0 : 1;
