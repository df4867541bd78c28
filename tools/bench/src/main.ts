import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { pinToOneCoreEach, UNPINNED } from './machine/pinning.js';
import { isFarOff, TRIES, untilNear } from './quick.js';
import { plotsOf } from './report/plot.js';
import type { Ratio, SuiteResult } from './report/result.js';
import { renderResult } from './report/table.js';
import { SUITES } from './suites/index.js';
import type { Suite } from './suites/suite.js';

const USAGE = `npm run bench -- <suite>... [--quick] [--json FILE] [--svg FOLDER] [--check]

  --quick       all suites, or those that are named, in a short form whose figures are not to be trusted; exits with 1 only where a
                ratio is worse than half its goal in each of ${TRIES} tries
  --json FILE   write { rows, ratios, notes } there as well
  --svg FOLDER  write a plot of each suite there as well
  --check       exit with 1 where a ratio does not hold

suites:
${SUITES.map(({ name, summary }) => `  ${name.padEnd(11)}${summary}`).join('\n')}
`;

/** Nothing that the bench starts runs longer than this. */
const LIMIT_MS = 15 * 60_000;

/** How long a suite may take to close what it started, once it was told to stop. */
const GRACE_MS = 10_000;

/** Why a run was stopped from outside, which is nothing to show a stack for. */
class Stopped extends Error {
  override readonly name = 'Stopped';
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      svg: { type: 'string' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !SUITES.some((suite) => suite.name === name));
  const chosen = SUITES.filter(({ name }) => positionals.includes(name));
  const suites = chosen.length === 0 && values.quick ? SUITES : chosen;
  if (values.help || suites.length === 0 || unknown.length > 0) {
    process.stderr.write(unknown.length > 0 ? `Unknown suite: ${unknown.join(', ')}\n\n${USAGE}` : USAGE);
    return values.help ? 0 : 2;
  }

  const stop = new AbortController();
  stop.signal.addEventListener('abort', () => setTimeout(() => process.exit(1), GRACE_MS).unref());
  const interrupted = (): void => stop.abort(new Stopped('interrupted'));
  // A second Ctrl-C ends us at once; what we started ends when its channels do.
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const limit = setTimeout(
    () => stop.abort(new Stopped(`not done after ${LIMIT_MS / 60_000} minutes`)),
    LIMIT_MS,
  );
  limit.unref();

  const results: SuiteResult[] = [];
  const farOff: string[] = [];
  for (const suite of suites) {
    const run = async (): Promise<SuiteResult> => {
      const result = await runSuite(suite, values.quick, stop.signal);
      process.stdout.write(renderResult(result, values.quick ? verdictOfQuick : undefined));
      return result;
    };
    if (values.quick) {
      const outcome = await untilNear(run);
      results.push(outcome.result);
      farOff.push(...outcome.farOff);
    } else {
      results.push(await run());
    }
  }

  const rows = results.flatMap((result) => result.rows);
  const ratios = results.flatMap((result) => result.ratios);
  const notes = results.flatMap((result) => result.notes);
  if (values.json !== undefined) {
    writeFileSync(whereTyped(values.json), `${JSON.stringify({ rows, ratios, notes }, undefined, 2)}\n`);
  }
  if (values.svg !== undefined) {
    const folder = whereTyped(values.svg);
    mkdirSync(folder, { recursive: true });
    for (const [suite, svg] of plotsOf(rows)) writeFileSync(join(folder, `${suite}.svg`), svg);
  }
  if (farOff.length > 0) {
    process.stderr.write(`Worse than half its goal in each of ${TRIES} tries: ${farOff.join('; ')}\n`);
  }
  return farOff.length > 0 || (values.check && ratios.some(({ holds }) => !holds)) ? 1 : 0;
}

async function runSuite(suite: Suite, quick: boolean, signal: AbortSignal): Promise<SuiteResult> {
  const pinning = suite.pinned ? pinToOneCoreEach() : UNPINNED;
  const progress = (message: string): boolean => process.stderr.write(`${suite.name}: ${message}\n`);
  progress(pinning.description);
  const { rows, ratios, notes } = await suite
    .run({ quick, pinning, signal, progress })
    .finally(() => pinning.release());
  return { rows, ratios, notes: [`${suite.name}: ${pinning.description}`, ...notes] };
}

/** What a short run says of a ratio. */
function verdictOfQuick(ratio: Ratio): string {
  return isFarOff(ratio) ? 'FAR OFF' : ratio.holds ? 'holds' : 'not shown';
}

/** npm runs us in this workspace's folder; what is named is meant from where the command was typed. */
function whereTyped(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? process.cwd(), path);
}

try {
  process.exitCode = await main();
} catch (error) {
  const text = error instanceof Error && !(error instanceof Stopped) ? error.stack : String(error);
  process.stderr.write(`${text ?? String(error)}\n`);
  process.exitCode = 1;
}
