import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { createPythonPool, type PythonPool } from 'pypool';

import { programFile, PYTHON } from '../machine/python.js';
import { percentile, spread } from '../measure/statistics.js';
import type { Ratio, Row, SuiteResult } from '../report/result.js';
import type { Suite, SuiteContext } from './suite.js';

/** How many workers are brought up at once. More of them by `spawn` would say the same, and take minutes. */
const SIZES = { spawn: [1, 2, 8], fork: [1, 2, 8, 32] } as const;

/** What the import costs a processor: see `programs/slow_import.py`. */
const IMPORT_SECONDS = 2;
const QUICK_IMPORT_SECONDS = 0.5;

/** At most so long from nothing to eight workers of a module that imports nothing, and from the death of one worker to the next. */
const GOAL_OF_EIGHT_SECONDS = 0.15;
const GOAL_OF_REPLACEMENT_SECONDS = 0.02;

const LAUNCHERS = ['spawn', 'fork'] as const;
type Launcher = (typeof LAUNCHERS)[number];

/** Bringing workers up whose module takes two seconds of a processor to import, and one in place of another that was killed. */
export const startup: Suite = {
  name: 'startup',
  summary: 'from nothing to workers that serve, and from a killed worker to its replacement',
  pinned: false,
  async run(context): Promise<SuiteResult> {
    const rounds = context.quick ? 1 : 5;
    const times = new Map<string, number[]>();
    const took = (name: string, seconds: number): void => {
      times.set(name, [...(times.get(name) ?? []), seconds]);
    };
    for (let round = 1; round <= rounds; round += 1) {
      context.progress(`round ${round} of ${rounds}`);
      took('one import', await oneImport(context));
      for (const launcher of LAUNCHERS) {
        const sizes = SIZES[launcher];
        for (const size of context.quick ? sizes.slice(0, 2) : sizes) {
          took(`${launcher}, ${size} ready`, await ready(launcher, 'slow_import.py', size, context));
        }
        took(`${launcher}, bare module, 8 ready`, await ready(launcher, 'pypool_echo.py', 8, context));
        took(
          `${launcher}, bare module, killed worker replaced`,
          await replaced(launcher, 'pypool_echo.py', context),
        );
      }
      took('fork, killed worker replaced', await replaced('fork', 'slow_import.py', context));
    }
    return { rows: rowsOf(times), ratios: ratiosOf(times), notes: [] };
  },
};

/** Python by itself, from its start to the end of the import. */
async function oneImport({ quick, signal }: SuiteContext): Promise<number> {
  const before = performance.now();
  const runtime = new URL('../../../../python', import.meta.url).pathname;
  const program = `import sys; sys.path.insert(0, sys.argv[1]); sys.path.insert(0, sys.argv[2]); import slow_import`;
  const child = spawn(PYTHON, ['-c', program, runtime, programFile('.')], {
    stdio: 'inherit',
    env: { ...process.env, ...environmentFor(quick) },
    signal,
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`Importing by itself ended with ${code}.`);
  return (performance.now() - before) / 1000;
}

/** A pool from its making to all workers ready. */
async function ready(
  launcher: Launcher,
  program: string,
  size: number,
  { quick, signal }: SuiteContext,
): Promise<number> {
  signal.throwIfAborted();
  const before = performance.now();
  const pool = await poolOf(launcher, program, size, quick);
  const seconds = (performance.now() - before) / 1000;
  await pool.close({ timeoutMs: 3_000 });
  return seconds;
}

/** A worker from its end to another in its place. */
async function replaced(
  launcher: Launcher,
  program: string,
  { quick, signal }: SuiteContext,
): Promise<number> {
  signal.throwIfAborted();
  const pool = await poolOf(launcher, program, 2, quick);
  // Until the pool hears of the death nothing is pending in it, and Node would end.
  const wakefulness = setInterval(() => undefined, 1_000);
  try {
    const replacement = new Promise<number>((resolve) => {
      pool.on('worker-ready', () => resolve(performance.now()));
    });
    const killed = performance.now();
    process.kill(pool.status().workers[0]!.facts['pid'] as number, 'SIGKILL');
    return ((await replacement) - killed) / 1000;
  } finally {
    clearInterval(wakefulness);
    await pool.close({ timeoutMs: 3_000 });
  }
}

function environmentFor(quick: boolean): Record<string, string> {
  return { BENCH_IMPORT_SECONDS: String(quick ? QUICK_IMPORT_SECONDS : IMPORT_SECONDS) };
}

function poolOf(launcher: Launcher, program: string, size: number, quick: boolean): Promise<PythonPool> {
  return createPythonPool({
    module: programFile(program),
    python: PYTHON,
    size,
    minReady: size,
    launcher,
    overflow: 0,
    env: { set: environmentFor(quick) },
  });
}

function rowsOf(times: ReadonlyMap<string, readonly number[]>): Row[] {
  return Array.from(times, ([subject, seconds]) => ({
    suite: 'startup',
    case: 'to ready',
    subject,
    metric: 'time',
    unit: 'ms',
    ...spread(seconds.map((each) => each * 1000)),
  }));
}

function ratiosOf(times: ReadonlyMap<string, readonly number[]>): Ratio[] {
  const median = (name: string): number => percentile(times.get(name)!, 0.5);
  const ratio = (name: string, subject: string): Ratio => {
    const value = median(subject) / median('one import');
    return { name, value, goal: 1.15, holds: value <= 1.15 };
  };
  const within = (name: string, subject: string, goalSeconds: number): Ratio => {
    const value = median(subject) / goalSeconds;
    return { name: `${name}, over ${goalSeconds * 1000} ms`, value, goal: 1, holds: value <= 1 };
  };
  const sizes = SIZES.fork.filter((size) => times.has(`fork, ${size} ready`));
  return [
    ratio('one worker by spawn / one import', 'spawn, 1 ready'),
    ...sizes.map((size) => ratio(`${size} by fork / one import`, `fork, ${size} ready`)),
    within('8 of a bare module by fork', 'fork, bare module, 8 ready', GOAL_OF_EIGHT_SECONDS),
    within('a killed worker replaced by fork', 'fork, killed worker replaced', GOAL_OF_REPLACEMENT_SECONDS),
  ];
}
