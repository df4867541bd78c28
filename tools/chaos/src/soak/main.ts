// The soak: `npm run soak -- [--minutes 10] [--json FILE]`. Exits 1 where memory, descriptors or p99 grow, or a call is lost.

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { grouped, table } from '../report/table.js';
import { FIGURES, runSoak, type SoakResult } from './soak.js';

/** Fewer samples than this make no line. */
const SHORTEST_MINUTES = 2;
const LONGEST_MINUTES = 60;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { minutes: { type: 'string', default: '10' }, json: { type: 'string' } },
  });
  const minutes = Number(values.minutes);
  if (!(minutes >= SHORTEST_MINUTES && minutes <= LONGEST_MINUTES)) {
    throw new Error(`--minutes takes ${SHORTEST_MINUTES} to ${LONGEST_MINUTES}, not ${values.minutes}`);
  }
  const result = await runSoak(minutes, ({ minutes: at, rssMiB, descriptors, p99Ms, calls }) => {
    const line = `${at.toFixed(1)} min: RSS ${rssMiB.toFixed(0)} MiB, ${descriptors} descriptors, p99 ${p99Ms.toFixed(1)} ms, ${grouped(calls)} calls`;
    process.stderr.write(`${line}\n`);
  });
  process.stdout.write(render(result));
  if (values.json !== undefined) {
    const file = resolve(process.env['INIT_CWD'] ?? process.cwd(), values.json);
    writeFileSync(file, `${JSON.stringify({ ...result, wrong: [...result.wrong] }, undefined, 2)}\n`);
  }
  return result.failures.length > 0 ? 1 : 0;
}

function render({ trends, stats, failures, samples }: SoakResult): string {
  const rows = FIGURES.map((figure) => {
    const { mean, slopePercent, errorPercent } = trends[figure];
    return [figure, mean.toFixed(1), `${slopePercent.toFixed(2)} %`, `± ${errorPercent.toFixed(2)} %`];
  });
  const last = samples[samples.length - 1]!;
  return [
    '',
    table([['', 'mean', 'slope a minute', ''], ...rows]),
    `${grouped(last.calls)} calls, ${grouped(stats.workers.restarts)} workers replaced, ${grouped(stats.workers.exits)} exits`,
    failures.length === 0 ? 'flat' : failures.join('\n'),
    '',
  ].join('\n');
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
