import type { Pinning } from '../../machine/pinning.js';
import { startAll } from '../../measure/alternate.js';
import type { Medians, Plan } from '../../measure/alternate.js';
import { noiseOf, percent, ratioOf } from '../../measure/noise.js';
import { percentile, spread } from '../../measure/statistics.js';
import type { Row, SuiteResult } from '../../report/result.js';
import { busyFloor } from '../../subjects/busy/busy-floor.js';
import { busyPypool } from '../../subjects/busy/busy-pools.js';
import { answersOf } from '../driver.js';
import type { SuiteContext } from '../suite.js';
import type { ManyWorkers, WorkersWanted } from './workers-driver.js';

const WORKERS = 200;
const QUICK_WORKERS = 24;

const FULL: Plan = { rounds: 9, warmUpCalls: 20_000, blocks: 2, callsPerBlock: 4_000 };
const QUICK: Plan = { rounds: 3, warmUpCalls: 1_000, blocks: 1, callsPerBlock: 1_000 };

/** How often a run that was too noisy is made again. */
const ATTEMPTS = 3;

/** As with two workers and many callers: see the suite `throughput`. */
const NOISE_LIMIT = 1.1;

/** What a call may cost over the floor's, as with two workers and one call at a time: see the suite `call`. */
const GOAL_OVER_FLOOR = 1.5;

const GOAL_OF_CLOSE_MS = 2_000;

/** The echo of a small object over many real workers, one at a time each, beside the floor over as many. */
export async function echoesOverMany(
  { quick, signal, progress }: SuiteContext,
  pinning: Pinning,
): Promise<SuiteResult> {
  const workers = quick ? QUICK_WORKERS : WORKERS;
  const plan = quick ? QUICK : FULL;
  progress(`echo over ${workers} workers, beside the floor over as many`);
  const lineup = await startAll(
    [
      busyPypool(workers, workers),
      busyFloor(workers, 'floor', workers),
      busyFloor(workers, 'floor again', workers),
    ],
    pinning,
  );
  try {
    let result = ofEchoes(workers, await lineup.measure(plan, signal));
    for (let attempt = 1; attempt < ATTEMPTS && !result.ratios[0]!.holds; attempt += 1) {
      progress('floor against floor differs: again');
      result = ofEchoes(workers, await lineup.measure(plan, signal));
    }
    return result;
  } finally {
    await lineup[Symbol.asyncDispose]();
  }
}

function ofEchoes(workers: number, medians: Medians): SuiteResult {
  const noise = noiseOf(medians, 'floor again', 'floor');
  const quiet = noise <= NOISE_LIMIT;
  const overFloor = ratioOf(medians, 'pypool', 'floor');
  return {
    rows: Array.from(medians, ([subject, microseconds]) => ({
      suite: 'scale',
      case: `${workers} workers, ${workers} callers`,
      subject,
      metric: 'calls',
      unit: '/s',
      ...spread(microseconds.map((each) => 1e6 / each)),
    })),
    ratios: [
      {
        name: `${workers} workers: floor against floor`,
        value: noise,
        goal: NOISE_LIMIT,
        holds: quiet,
      },
      {
        name: `${workers} workers: pypool / floor`,
        value: overFloor,
        goal: GOAL_OVER_FLOOR,
        holds: quiet && overFloor <= GOAL_OVER_FLOOR,
      },
    ],
    notes: quiet
      ? []
      : [`${workers} workers: floor against floor differs by ${percent(noise)}: the ratios do not count`],
  };
}

/** What many idle workers cost Node, and how long they take to come and to go, by launcher. */
export async function idleAndClosed(context: SuiteContext): Promise<SuiteResult> {
  const workers = context.quick ? QUICK_WORKERS : WORKERS;
  const parts = [
    await byLauncher({ workers, launcher: 'fork' }, context),
    await byLauncher({ workers, launcher: 'spawn' }, context),
  ];
  return {
    rows: parts.flatMap(({ rows }) => rows),
    ratios: parts.flatMap(({ ratios }) => ratios),
    notes: [],
  };
}

async function byLauncher(wanted: WorkersWanted, { quick, signal, progress }: SuiteContext) {
  const { workers, launcher } = wanted;
  const runs: ManyWorkers[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round += 1) {
    progress(`bringing up and closing ${workers} workers, by ${launcher}`);
    const driver = new URL('./workers-driver.ts', import.meta.url);
    for await (const run of answersOf<ManyWorkers>(driver, wanted, signal)) runs.push(run);
  }
  const row = (metric: string, unit: string, of: (run: ManyWorkers) => number): Row => ({
    suite: 'scale',
    case: `${workers} idle workers`,
    subject: `pypool, ${launcher}`,
    metric,
    unit,
    ...spread(runs.map(of)),
  });
  const close = percentile(
    runs.map(({ closeMs }) => closeMs / GOAL_OF_CLOSE_MS),
    0.5,
  );
  return {
    rows: [
      row("Node's heap for each", 'KiB', ({ heapBytes }) => heapBytes / 1024),
      row("Node's resident memory for each", 'KiB', ({ rssBytes }) => rssBytes / 1024),
      row('from one to all ready', 'ms', ({ startMs }) => startMs),
      row('close', 'ms', ({ closeMs }) => closeMs),
    ],
    ratios: [
      {
        name: `close of ${workers} workers by ${launcher}, over 2 s`,
        value: close,
        goal: 1,
        holds: close <= 1,
      },
    ],
    notes: [],
  };
}
