import { createPythonPool } from 'pypool';

import { descendantsOf, memoryOf } from '../machine/processes.js';
import { programFile, PYTHON, pythonWithNumpy } from '../machine/python.js';
import { spread } from '../measure/statistics.js';
import type { Ratio, Row, SuiteResult } from '../report/result.js';
import type { Suite, SuiteContext } from './suite.js';

const MB = 1e6;
const LOADED_BYTES = 200 * MB;
const QUICK_BYTES = 40 * MB;

const WORKERS = 3;

const LAUNCHERS = ['fork', 'spawn'] as const;
const QUICK_LAUNCHERS = ['fork'] as const;

/** So many calls read all that is loaded, a part each: see `programs/loaded.py`. */
const CALLS = 100;

/** What a worker more may cost whose data were loaded before it was forked. */
const GOAL_BYTES = 10 * MB;

/** What the module holds, as `programs/loaded.py` calls it. */
type Holding = 'nothing' | 'numbers' | 'numpy' | 'objects';

const NAMES: Readonly<Record<Holding, string>> = {
  nothing: 'nothing',
  numbers: "numbers in Python's array",
  numpy: 'numbers in a numpy array',
  objects: 'Python objects: dicts in a list',
};

/** What one pool held after its calls. */
interface Held {
  /** Private memory of each worker. */
  readonly workers: readonly number[];
  /** Of all that the pool runs, what is shared counted once. */
  readonly together: number;
}

/** A module that loads much, and what each of its workers holds for itself once it has read it all. */
export const memory: Suite = {
  name: 'memory',
  summary: 'private memory of workers whose module has loaded 200 MB, forked and spawned',
  pinned: false,
  async run(context): Promise<SuiteResult> {
    if (process.platform !== 'linux') {
      return { rows: [], ratios: [], notes: ['memory: only Linux tells what memory is private'] };
    }
    const withNumpy = pythonWithNumpy();
    const array: Holding = withNumpy === undefined ? 'numbers' : 'numpy';
    const bytes = context.quick ? QUICK_BYTES : LOADED_BYTES;
    const rows: Row[] = [];
    const ratios: Ratio[] = [];
    for (const holding of ['nothing', array, 'objects'] as const) {
      for (const launcher of context.quick ? QUICK_LAUNCHERS : LAUNCHERS) {
        const name = `${holding === 'nothing' ? '' : `${bytes / MB} MB of `}${NAMES[holding]}`;
        context.progress(`${name}, by ${launcher}`);
        const held = await afterCalls({ holding, bytes, launcher, python: withNumpy ?? PYTHON }, context);
        rows.push(...rowsOf(name, launcher, held));
        if (launcher === 'fork' && holding === array) ratios.push(ratioOf(name, held));
      }
    }
    return { rows, ratios, notes: withNumpy === undefined ? [NO_NUMPY] : [] };
  },
};

const NO_NUMPY =
  "no Python with numpy was found (npm run test:extras makes one): an array of Python's own stands for its array";

async function afterCalls(
  { holding, bytes, launcher, python }: Loaded,
  { signal }: SuiteContext,
): Promise<Held> {
  signal.throwIfAborted();
  const others = new Set(descendantsOf(process.pid));
  const pool = await createPythonPool({
    module: programFile('loaded.py'),
    python,
    size: WORKERS,
    minReady: WORKERS,
    overflow: 0,
    launcher,
    env: { set: { BENCH_HOLDS: holding, BENCH_BYTES: String(bytes) } },
  });
  try {
    const sums = new Map<number, number>();
    for (let part = 0; part < CALLS; part += 1) {
      // As many at once as there are workers: each gets one of them.
      const calls = Array.from({ length: WORKERS }, () =>
        pool.call<[number, number]>('read', [part], { signal }),
      );
      for (const [pid, sum] of await Promise.all(calls)) sums.set(pid, (sums.get(pid) ?? 0) + sum);
    }
    // Parts differ, so that only who read each of them once comes to what the others came to.
    if (sums.size !== WORKERS || new Set(sums.values()).size !== 1)
      throw new Error(`Not all of ${WORKERS} workers read everything: ${JSON.stringify([...sums])}.`);
    const all = descendantsOf(process.pid).filter((pid) => !others.has(pid));
    return {
      workers: [...sums.keys()].map((pid) => memoryOf(pid).privateBytes),
      together: all.reduce((sum, pid) => sum + memoryOf(pid).proportionalBytes, 0),
    };
  } finally {
    await pool.close({ timeoutMs: 3_000 });
  }
}

/** Which pool. */
interface Loaded {
  readonly holding: Holding;
  readonly bytes: number;
  readonly launcher: 'fork' | 'spawn';
  readonly python: string;
}

function rowsOf(name: string, launcher: string, { workers, together }: Held): Row[] {
  const row = (metric: string, values: readonly number[]): Row => ({
    suite: 'memory',
    case: name,
    subject: `pypool, ${launcher}`,
    metric,
    unit: 'MB',
    ...spread(values.map((bytes) => bytes / MB)),
  });
  return [row('private, a worker', workers), row(`all processes of ${WORKERS} workers together`, [together])];
}

/** By the worker that holds most. */
function ratioOf(name: string, { workers }: Held): Ratio {
  const value = Math.max(...workers) / GOAL_BYTES;
  return {
    name: `${name}: private memory of a forked worker, over 10 MB`,
    value,
    goal: 1,
    holds: value <= 1,
  };
}
