import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** What Vitest reports of one test. */
export interface Assertion {
  readonly fullName: string;
  readonly status: 'passed' | 'failed' | 'skipped' | 'pending' | 'todo';
  /** Unit: milliseconds. */
  readonly duration?: number | null;
  readonly failureMessages: readonly string[];
}

/** All scenarios once. */
export interface Round {
  readonly seed: number;
  readonly assertions: readonly Assertion[];
  /** What went wrong outside of any test, such as a file that cannot be loaded; `undefined` where nothing did. */
  readonly trouble: string | undefined;
  readonly seconds: number;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly Assertion[];
  }[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));

/** Run the scenarios in the order of a seed, in a Vitest of their own. @param args more for Vitest, such as `-t S32` */
export async function runRound(seed: number, args: readonly string[]): Promise<Round> {
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'pypool-scenarios-'));
  try {
    const file = join(folder, 'report.json');
    const report = ['--reporter=json', `--outputFile=${file}`];
    const where = ['--root', root, '--exclude=src/**'];
    const order = ['--sequence.shuffle', `--sequence.seed=${seed}`];
    const child = spawn(process.execPath, [vitest, 'run', ...where, ...report, ...order, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
      child.once('close', (code, signal) => resolve(signal ?? code)),
    );
    const [stderr, end] = await Promise.all([text(child.stderr), ended]);
    const results = existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as Report).testResults
      : undefined;
    const all = results?.flatMap(({ assertionResults }) => assertionResults) ?? [];
    // What a pattern leaves out is reported as skipped, like a test that skips itself, which no scenario may.
    const byName = args.some((arg) => /^(-t|--testNamePattern)/.test(arg));
    const assertions = byName ? all.filter(({ status }) => status !== 'skipped') : all;
    const said = results?.flatMap(({ message }) => (message ? [message] : [])) ?? [];
    // A Vitest that fails without a failed test has no test to blame it on.
    const unexplained = end !== 0 && assertions.every(({ status }) => status !== 'failed');
    const trouble = unexplained ? [`Vitest ended with ${end}`, ...said, stderr.trim()].join('\n') : undefined;
    return { seed, assertions, trouble, seconds: (performance.now() - began) / 1_000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
