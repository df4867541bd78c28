#!/usr/bin/env node
// The `pypool` command.

import { commandOf, USAGE } from './command-line.js';
import { examine } from './doctor.js';
import { report } from './report.js';

/** Of a command line that cannot be read, as programs of Unix have it. */
const EXIT_USAGE = 2;

async function main(args: readonly string[]): Promise<number> {
  const command = commandOf(args);
  if ('help' in command) {
    process.stdout.write(USAGE);
    return 0;
  }
  if ('wrong' in command) {
    process.stderr.write(`pypool: ${command.wrong}. --help lists what there is.\n`);
    return EXIT_USAGE;
  }
  const diagnosis = await examine(command);
  process.stdout.write(command.json ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : report(diagnosis));
  return diagnosis.error === undefined ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
