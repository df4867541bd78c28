// The model test of the pool's core, for as long as one likes: `npm run model -- [--sequences N] [--seconds N] [--seed N] [--json FILE]`, or
// `-- --self-test [--json FILE]`. `npm test` runs some thousands of the same sequences (packages/pool/src/pool.model.test.ts).
//
// Exits 1 where a sequence breaks, or, of the self-test, where a planted bug is not found.

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runSequences } from '../../../../packages/pool/src/test-support/model/run-sequences.js';
import type { ModelReport } from './report.js';
import { runSelfTest } from './self-test.js';

const USAGE = `npm run model -- [--sequences N] [--seconds N] [--seed N] [--json FILE]
npm run model -- --self-test [--json FILE]

  --sequences N  how many pools are led from their making to their end (5000, or without a limit where --seconds is given)
  --seconds N    end after so long
  --seed N       draw the same sequences again, the first from this seed; it is printed at the start
  --json FILE    write what came of it there as well
  --self-test    plant bugs into the pool, one at a time, and see that each is found
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      sequences: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
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
    const { text, data, good } = await runSelfTest((line) => process.stderr.write(`${line}\n`));
    process.stdout.write(text);
    write(data);
    return good ? 0 : 1;
  }
  const seconds = positive('seconds', values.seconds) ?? Infinity;
  const count = positive('sequences', values.sequences) ?? (seconds === Infinity ? 5_000 : Infinity);
  const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed);
  process.stdout.write(`model: seed ${seed}\n`);
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1_000;
  const { done, broken } = await runSequences({ seed, count, onDone: () => elapsed() < seconds });
  if (broken !== undefined) process.stdout.write(`\nBROKEN ${broken.message}\n\n`);
  const report: ModelReport = { seed, done, broken: broken && { seed: broken.seed, what: broken.what } };
  write(report);
  const last = broken === undefined ? 'none broken' : '1 broken';
  process.stdout.write(`${done} sequences kept their invariants, ${last}, ${elapsed().toFixed(1)} s\n`);
  return broken === undefined ? 0 : 1;
}

function positive(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (number > 0) return number;
  throw new Error(`--${name} takes a number above 0, not ${value}`);
}

// Exit, whatever is left: in a pool that broke that may be a promise that never settles.
try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(2);
}
