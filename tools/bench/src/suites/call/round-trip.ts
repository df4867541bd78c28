import { startAll } from '../../measure/alternate.js';
import type { Measured, Medians, Plan } from '../../measure/alternate.js';
import { noiseOf, NOISE_LIMIT, percent, ratioOf } from '../../measure/noise.js';
import { spread } from '../../measure/statistics.js';
import type { Ratio, SuiteResult } from '../../report/result.js';
import { floor } from '../../subjects/floor.js';
import { piscina } from '../../subjects/piscina.js';
import { processPoolExecutor } from '../../subjects/process-pool-executor.js';
import { pypool } from '../../subjects/pypool.js';
import { pythonShell } from '../../subjects/python-shell.js';
import { workerpool } from '../../subjects/workerpool.js';
import type { SuiteContext } from '../suite.js';

const FULL: Plan = { rounds: 9, warmUpCalls: 10_000, blocks: 100, callsPerBlock: 10 };
// Enough calls for a p99 that is not that of code which V8 has yet to compile: another try takes longer.
const QUICK: Plan = { rounds: 3, warmUpCalls: 6_000, blocks: 50, callsPerBlock: 10 };

/** How often a run that was too noisy is made again. */
const ATTEMPTS = 3;

const SUBJECTS = [
  pypool(),
  floor('floor'),
  floor('floor again'),
  processPoolExecutor(),
  piscina(),
  workerpool(),
  pythonShell(),
];

/** One call at a time, from its making to its result: pypool beside the floor and the peers. */
export async function roundTrip({ quick, pinning, signal, progress }: SuiteContext): Promise<SuiteResult> {
  progress(`starting ${SUBJECTS.map(({ name }) => name).join(', ')}`);
  const lineup = await startAll(SUBJECTS, pinning);
  try {
    for (let attempt = 1; ; attempt += 1) {
      progress(`measuring, attempt ${attempt} of ${ATTEMPTS}`);
      const medians = await lineup.measure(quick ? QUICK : FULL, signal);
      const noise = noiseOf(medians, 'floor again', 'floor');
      if (noise <= NOISE_LIMIT || attempt === ATTEMPTS) {
        return resultOf(medians, noise, [`attempts: ${attempt}`]);
      }
      progress(`floor against floor differs by ${percent(noise)}: again`);
    }
  } finally {
    await lineup[Symbol.asyncDispose]();
  }
}

function resultOf(medians: Measured, noise: number, notes: readonly string[]): SuiteResult {
  const { p99 } = medians;
  const quiet = noise <= NOISE_LIMIT;
  const atMost = (name: string, value: number, goal: number): Ratio => ({
    name,
    value,
    goal,
    holds: quiet && value <= goal,
  });
  return {
    rows: [...rowsOf('p50', medians), ...rowsOf('p99', p99)],
    ratios: [
      atMost('floor against floor', noise, NOISE_LIMIT),
      atMost('pypool / floor', ratioOf(medians, 'pypool', 'floor'), 1.5),
      atMost('pypool / floor, p99', ratioOf(p99, 'pypool', 'floor'), 2),
      atMost('pypool / ProcessPoolExecutor', ratioOf(medians, 'pypool', 'ProcessPoolExecutor'), 1),
    ],
    notes: quiet
      ? notes
      : [...notes, `floor against floor differs by ${percent(noise)}: the ratios do not count`],
  };
}

function rowsOf(metric: string, figures: Medians): SuiteResult['rows'] {
  const rows = Array.from(figures, ([subject, values]) => ({
    suite: 'call',
    case: 'sequential',
    subject,
    metric,
    unit: 'us',
    ...spread(values),
  }));
  return rows.sort((a, b) => a.median - b.median);
}
