import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { pinToOneCoreEach, UNPINNED } from './machine/pinning.js';
import type { SuiteResult } from './report/result.js';
import { renderResult } from './report/table.js';
import { SUITES } from './suites/index.js';

const USAGE = `npm run bench -- <suite>... [--quick] [--json FILE] [--check]

  --quick      shorter; the figures are then not to be trusted
  --json FILE  write { rows, ratios, notes } there as well
  --check      exit with 1 where a ratio does not hold

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
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !SUITES.some((suite) => suite.name === name));
  if (values.help || positionals.length === 0 || unknown.length > 0) {
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
  for (const suite of SUITES.filter(({ name }) => positionals.includes(name))) {
    const pinning = suite.pinned ? pinToOneCoreEach() : UNPINNED;
    const progress = (message: string): boolean => process.stderr.write(`${suite.name}: ${message}\n`);
    progress(pinning.description);
    const { rows, ratios, notes } = await suite
      .run({ quick: values.quick, pinning, signal: stop.signal, progress })
      .finally(() => pinning.release());
    const result = { rows, ratios, notes: [`${suite.name}: ${pinning.description}`, ...notes] };
    process.stdout.write(renderResult(result));
    results.push(result);
  }

  const rows = results.flatMap((result) => result.rows);
  const ratios = results.flatMap((result) => result.ratios);
  const notes = results.flatMap((result) => result.notes);
  if (values.json !== undefined) {
    // npm runs us in this workspace's folder; the file is meant from where the command was typed.
    const file = resolve(process.env['INIT_CWD'] ?? process.cwd(), values.json);
    writeFileSync(file, `${JSON.stringify({ rows, ratios, notes }, undefined, 2)}\n`);
  }
  return values.check && ratios.some(({ holds }) => !holds) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const text = error instanceof Error && !(error instanceof Stopped) ? error.stack : String(error);
  process.stderr.write(`${text ?? String(error)}\n`);
  process.exitCode = 1;
}
