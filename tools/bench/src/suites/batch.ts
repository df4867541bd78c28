import { ndarray } from 'pypool';

import { PYTHON, pythonWithNumpy } from '../machine/python.js';
import { startAll } from '../measure/alternate.js';
import type { Medians, Plan } from '../measure/alternate.js';
import { noiseOf, percent, ratioOf } from '../measure/noise.js';
import { spread } from '../measure/statistics.js';
import type { SuiteResult } from '../report/result.js';
import { batchPypool, type Work } from '../subjects/batch/batch-pypool.js';
import type { Suite, SuiteContext } from './suite.js';

const FULL: Plan = { rounds: 9, warmUpCalls: 2_000, blocks: 4, callsPerBlock: 500 };
const QUICK: Plan = { rounds: 3, warmUpCalls: 512, blocks: 2, callsPerBlock: 256 };

/** Two batches of the program: one runs while the other gathers. */
const CALLERS = 64;

const NOISE_LIMIT = 1.1;

/** Of the program's vectors. */
const SIZE = 1024;
const TOKENS = 4096;
const TOKENS_OF_A_TEXT = 32;

interface Case extends Work {
  /** What a call in a batch may cost over one by itself. */
  readonly goal: number;
}

/** No work: what it costs to be handed over in a batch, rather than from thread to thread. */
const ECHO: Case = {
  name: 'echo',
  argument: (id) => id,
  isRight: (result, id) => result === id,
  goal: 1.25,
};
const NUMPY_WORKS: readonly Case[] = [
  {
    name: 'product',
    argument: (id) => ndarray(new Float32Array(SIZE).fill(id, 0, 1), [SIZE]),
    isRight: (result, id) => firstOf(result) === id,
    goal: 0.5,
  },
  {
    name: 'embedding',
    argument: (id) =>
      ndarray(
        new Int32Array(TOKENS_OF_A_TEXT).map((_, at) => (id * 31 + at * 7) % TOKENS),
        [TOKENS_OF_A_TEXT],
      ),
    isRight: (result) => Number.isFinite(firstOf(result)),
    goal: 0.5,
  },
];

function firstOf(result: unknown): number | undefined {
  const { data } = result as { data: Float32Array };
  return data.length === SIZE ? data[0] : undefined;
}

/** What a function gains that takes its calls in batches. */
export const batch: Suite = {
  name: 'batch',
  summary: 'calls in batches beside the same one by one: nothing, a matrix product, an embedding model',
  pinned: true,
  async run(context): Promise<SuiteResult> {
    const withNumpy = pythonWithNumpy();
    const works = withNumpy === undefined ? [ECHO] : [ECHO, ...NUMPY_WORKS];
    const parts: SuiteResult[] = [];
    for (const work of works) parts.push(await of(work, withNumpy ?? PYTHON, context));
    return {
      rows: parts.flatMap(({ rows }) => rows),
      ratios: parts.flatMap(({ ratios }) => ratios),
      notes: [
        `one worker, engine 'threads', ${CALLERS} callers, batches of up to 32; BLAS on one thread. Ratios are of processor time, which the machine's load hardly changes`,
        ...(withNumpy === undefined
          ? ['no Python with numpy was found (npm run test:extras makes one): the echo is all there is']
          : []),
        ...parts.flatMap(({ notes }) => notes),
      ],
    };
  },
};

async function of(
  work: Case,
  python: string,
  { quick, pinning, signal, progress }: SuiteContext,
): Promise<SuiteResult> {
  progress(work.name);
  const subjects = [
    batchPypool(work, 'alone', CALLERS, python, 'one by one'),
    batchPypool(work, 'in_batches', CALLERS, python, 'in batches'),
    batchPypool(work, 'in_batches', CALLERS, python, 'in batches again'),
  ];
  const plan = quick ? QUICK : FULL;
  const lineup = await startAll(subjects, pinning);
  try {
    const medians = await lineup.measure(plan, signal);
    const result = resultOf(work.name, work.goal, medians);
    const counted = plan.rounds * plan.blocks;
    const rows = subjects.map(({ name, took }) => ({
      suite: 'batch',
      case: work.name,
      subject: name,
      metric: 'calls',
      unit: '/s',
      ...spread(took.slice(-counted).map((each) => 1e6 / each)),
    }));
    return { ...result, rows: [...result.rows, ...rows] };
  } finally {
    await lineup[Symbol.asyncDispose]();
  }
}

function resultOf(name: string, goal: number, medians: Medians): SuiteResult {
  const noise = noiseOf(medians, 'in batches again', 'in batches');
  const quiet = noise <= NOISE_LIMIT;
  const value = ratioOf(medians, 'in batches', 'one by one');
  return {
    rows: Array.from(medians, ([subject, microseconds]) => ({
      suite: 'batch',
      case: name,
      subject,
      metric: 'processor time of the worker, a call',
      unit: 'us',
      ...spread(microseconds),
    })),
    ratios: [
      {
        name: `${name}: batches against batches`,
        value: noise,
        goal: NOISE_LIMIT,
        holds: quiet,
      },
      {
        name: `${name}: processor time a call, in batches / one by one`,
        value,
        goal,
        holds: quiet && value <= goal,
      },
    ],
    notes: quiet ? [] : [`${name}: the same twice differs by ${percent(noise)}: the ratio does not count`],
  };
}
