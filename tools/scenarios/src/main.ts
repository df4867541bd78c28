/**
 * `npm run scenarios [-- --repeat N] [--seed N] [--transport NAME] [ARGUMENT OF VITEST...]`: runs the scenarios in random order and prints a table by number, or,
 * many times over, a line for each round and how often which number failed. Exits 1 where one fails.
 */
import { isGood, repeatLines, roundLines, shortLines } from './report.js';
import { runRound, type Round } from './round.js';
import { choice, TRANSPORT } from './transport.js';

const { repeat, seed, rest } = argumentsOf(process.argv.slice(2));
console.log(`Running the scenarios in random order, seed ${seed}\n`);
if (repeat === undefined) {
  const round = await runRound(seed, rest);
  console.log(roundLines(round).join('\n'));
  process.exitCode = isGood(round) ? 0 : 1;
} else {
  const rounds: Round[] = [];
  for (let at = 1; at <= repeat; at += 1) {
    const round = await runRound(seed + at - 1, rest);
    rounds.push(round);
    console.log(shortLines(round, at, repeat).join('\n'));
  }
  console.log(`\n${repeatLines(rounds).join('\n')}`);
  process.exitCode = rounds.every(isGood) ? 0 : 1;
}

/** Our own, and what is for Vitest. */
function argumentsOf(args: readonly string[]): { repeat: number | undefined; seed: number; rest: string[] } {
  let repeat: number | undefined;
  let seed = Date.now() % 1_000_000;
  const rest: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at]!;
    if (arg === '--repeat') repeat = whole(arg, args[(at += 1)]);
    else if (arg === '--seed') seed = whole(arg, args[(at += 1)]);
    else if (arg === '--transport') transportOf(args[(at += 1)]);
    else rest.push(arg);
  }
  return { repeat, seed, rest };
}

/** The rounds run in processes of their own. */
function transportOf(name = ''): void {
  choice(name);
  process.env[TRANSPORT] = name;
}

function whole(option: string, value: string | undefined): number {
  const number = Number(value);
  if (value !== undefined && Number.isInteger(number) && number > 0) return number;
  throw new Error(`${option} takes a whole number above 0, not ${value ?? 'nothing'}`);
}
