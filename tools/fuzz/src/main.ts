// The fuzzer of the decoders: `npm run fuzz -- [--inputs N] [--seed N] [--check] [--json FILE] [--keep]`, or `-- --self-test`.
//
// Exits 1 on any defect, with --check also where too little was reached, and of the self-test where a planted bug is not found.

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { javascriptCoverage, pythonCoverage } from './coverage.js';
import { environment } from './environment.js';
import { fuzz } from './fuzz.js';
import { type GuidedResult, guide } from './guided.js';
import { seeds } from './inputs/seeds.js';
import { type Kept, minimize } from './minimize.js';
import { type Report, failuresOf, renderReport, reportJson } from './report.js';
import { openWorkspace } from './workspace.js';

const USAGE = `npm run fuzz -- [--inputs N] [--seed N] [--check] [--json FILE] [--keep]
npm run fuzz -- --self-test

  --inputs N   how many inputs both languages get (100000)
  --seed N     draw the same inputs again; it is printed at the end
  --check      fail, too, where under half of the inputs pass the header checks or under 95 % of the branches are taken
  --json FILE  write the figures and findings there as well
  --keep       add a small set of inputs that take every branch to the golden vectors
  --self-test  plant bugs into the decoders, one at a time, and see that each is found
`;

/** The part of inputs that atheris makes besides, how many at most, and the most of what it finds that is given to both languages. */
const GUIDED_SHARE = 0.1;
const MOST_GUIDED = 25_000;
const MOST_GUIDED_SEEDS = 3_000;

/** What was kept before: hand-kept data that the vectors tool folds into the golden vectors. */
const KEPT = new URL('../../vectors/fuzz-inputs.json', import.meta.url);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '100000' },
      seed: { type: 'string' },
      check: { type: 'boolean', default: false },
      json: { type: 'string' },
      keep: { type: 'boolean', default: false },
      'self-test': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : whole('seed', values.seed);
  const progress = (line: string): void => void process.stderr.write(`fuzz: ${line}\n`);
  const { python, atheris, coverage, missing } = environment();
  if (values['self-test']) {
    const { selfTest } = await import('./self-test.js');
    const { text, good } = await selfTest(python, progress);
    process.stdout.write(text);
    return good ? 0 : 1;
  }
  const inputs = whole('inputs', values.inputs);
  await using workspace = openWorkspace(python);
  let guided: GuidedResult | undefined;
  const start = seeds();
  if (atheris) {
    const runs = Math.min(Math.ceil(inputs * GUIDED_SHARE), MOST_GUIDED);
    progress(`seed ${seed}; atheris makes ${runs} inputs`);
    guided = await guide({ python, folder: workspace.folder, runs, seed, seeds: start });
    start.push(...guided.found.slice(0, MOST_GUIDED_SEEDS));
  }
  progress(`seed ${seed}; ${inputs} inputs, of which ${start.length} are seeds`);
  // Asked to end, a long run tells what it came to.
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
  const result = await fuzz({
    seed,
    inputs,
    seeds: start,
    workspace,
    onProgress: progress,
    signal: stop.signal,
  });
  const report: Report = {
    result,
    guided,
    javascript: await javascriptCoverage(workspace),
    python: coverage ? pythonCoverage(python, workspace, result.corpus) : undefined,
    missing,
  };
  if (values.keep) keep(await minimize(workspace, result.corpus), progress);
  const failures = failuresOf(report, values.check);
  process.stdout.write(renderReport(report));
  for (const failure of failures) process.stdout.write(`FAILED ${failure}\n`);
  if (values.json !== undefined) {
    // npm runs us in the root of the repository; the file is meant from where the command was typed.
    const file = resolve(process.env['INIT_CWD'] ?? process.cwd(), values.json);
    writeFileSync(file, `${JSON.stringify(reportJson(report, failures), undefined, 2)}\n`);
  }
  return failures.length > 0 ? 1 : 0;
}

function keep(kept: readonly Kept[], progress: (line: string) => void): void {
  const { about, named } = JSON.parse(readFileSync(KEPT, 'utf8')) as { about: string; named: unknown[] };
  writeFileSync(KEPT, `${JSON.stringify({ about, named, minimal: kept }, undefined, 2)}\n`);
  progress(`${kept.length} inputs kept in tools/vectors/fuzz-inputs.json; now: npm run vectors`);
}

function whole(name: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} takes a whole number, not ${value}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 2;
}
