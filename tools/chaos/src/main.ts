// The chaos lab: `npm run chaos -- [--seconds N] [--calls N] [--seed N] [--json FILE]`, or `-- --self-test [--json FILE]`.
//
// Exits 1 on any violation, or, of the self-test, where a planted bug is not found.

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { engineNamed } from './engine.js';
import { runLab } from './lab.js';
import { labJson, renderLab, violations } from './report/report.js';
import { speedFrom } from './speed.js';
import { grouped } from './report/table.js';

const USAGE = `npm run chaos -- [--seconds N] [--calls N] [--rest N] [--seed N] [--engine NAME]
    [--launcher NAME] [--prefetch on|off] [--shared-memory on|off] [--json FILE]
npm run chaos -- --self-test [--json FILE]

  --seconds N  how long the load lasts (60, or without a limit where --calls is given)
  --calls N    end the load after so many calls
  --rest N     longest rest between two faults, in milliseconds (1000)
  --seed N     draw the same choices again; it is printed at the start
  --engine E   how workers run calls: sync, async or threads (drawn from the seed)
  --launcher L what starts workers: spawn, fork or auto (drawn from the seed)
  --prefetch, --shared-memory
               on or off (drawn from the seed)
  --json FILE  write the figures and findings there as well
  --self-test  plant bugs into the pool, one at a time, and see that each is found
`;

/** Nothing that the lab does lasts longer than this. */
const LIMIT_SECONDS = 3_600;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      calls: { type: 'string' },
      rest: { type: 'string' },
      seed: { type: 'string' },
      engine: { type: 'string' },
      launcher: { type: 'string' },
      prefetch: { type: 'string' },
      'shared-memory': { type: 'string' },
      json: { type: 'string' },
      'self-test': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const write = (data: unknown): void => {
    if (values.json === undefined) return;
    // npm runs us in the root of the repository; the file is meant from where the command was typed.
    const file = resolve(process.env['INIT_CWD'] ?? process.cwd(), values.json);
    writeFileSync(file, `${JSON.stringify(data, undefined, 2)}\n`);
  };
  if (values['self-test']) {
    const { runSelfTest } = await import('./planted/self-test.js');
    const { text, data, good } = await runSelfTest((line) => process.stderr.write(`${line}\n`));
    process.stdout.write(text);
    write(data);
    return good ? 0 : 1;
  }
  const calls = positive('calls', values.calls) ?? Infinity;
  const seconds = positive('seconds', values.seconds) ?? (calls === Infinity ? 60 : LIMIT_SECONDS);
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
  process.stdout.write(`chaos: seed ${seed}\n`);
  const result = await runLab({
    seed,
    engine: values.engine === undefined ? undefined : engineNamed(values.engine),
    speed: speedFrom(values),
    calls,
    seconds: Math.min(seconds, LIMIT_SECONDS),
    faultRestMs: positive('rest', values.rest),
    onReady: (about) => process.stdout.write(`chaos: ${about}\n`),
    onProgress: (made) => process.stderr.write(`chaos: ${grouped(made)} calls\n`),
  });
  process.stdout.write(renderLab(result));
  write(labJson(result));
  return violations(result) > 0 ? 1 : 0;
}

function positive(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (number > 0) return number;
  throw new Error(`--${name} takes a number above 0, not ${value}`);
}

// Exit, whatever is left: after a violation that may be a promise that never settles, and processes that the guardian ends.
try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(2);
}
