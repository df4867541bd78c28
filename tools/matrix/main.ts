// Runs the core suite on each Node that is supported and on each Python that this machine has: `npm run matrix [-- --ends] [--only N,N] [FILTER...]`.
//
// --ends runs the ends of both ranges alone, --only some rows, by their number; filters of `npm test` replace the core suite. A Node comes from npm, into `.cache`, when it
// is first wanted; one that cannot be had is said at the end. Exits 1 where a row fails, and with --ends where a Node cannot be had: then an end was not run.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Interpreter } from './interpreter.js';
import { NODE_MAJORS, provideNode } from './nodes.js';
import { defaultPython, findPythons } from './pythons.js';
import { allRows, endRows } from './rows.js';
import { runRow, type RowResult } from './run-row.js';
import { sumLine, tableOf } from './table.js';

const { values, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: { ends: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const folder = fileURLToPath(new URL('../../.cache/nodes', import.meta.url));
const majors = values.ends ? [NODE_MAJORS[0], NODE_MAJORS.at(-1)!] : NODE_MAJORS;

const nodes: Interpreter[] = [];
const missing: string[] = [];
for (const major of majors) {
  const found = provideNode({ major, folder });
  if ('missing' in found) missing.push(`Node ${major}: ${found.missing}`);
  else nodes.push(found);
}
const node = { file: process.execPath, version: process.versions.node };
// Where none of the wanted can be had, the one that runs this stands for them.
if (nodes.length === 0) nodes.push(node);
const versions = { nodes, pythons: findPythons(), node, python: defaultPython() };
const rows = values.ends ? endRows(versions) : allRows(versions);

const results: RowResult[] = [];
const only = values.only?.split(',').map(Number);
for (const [at, row] of rows.entries()) {
  if (only !== undefined && !only.includes(at + 1)) continue;
  const wanted = filters.length === 0 ? row : { ...row, filters };
  console.log(`\n=== ${at + 1}/${rows.length} Node ${row.node.version}, Python ${row.python.version}`);
  console.log(`${wanted.filters.join(' ')}`);
  const result = await runRow(wanted);
  results.push(result);
  console.log(result.failed === 0 ? `${result.reasons}${sumLine([result])}` : result.output);
}

console.log(`\n${tableOf(results).join('\n')}\n`);
for (const why of missing) console.log(`NOT RUN on ${why}`);
console.log(sumLine(results));
const isWhole = missing.length === 0 || !values.ends;
process.exitCode =
  isWhole && results.length > 0 && results.every(({ passed, failed }) => failed === 0 && passed > 0) ? 0 : 1;
