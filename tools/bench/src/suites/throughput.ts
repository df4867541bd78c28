import { startAll } from '../measure/alternate.js';
import type { Medians, Plan } from '../measure/alternate.js';
import { noiseOf, percent, ratioOf } from '../measure/noise.js';
import { percentile, spread } from '../measure/statistics.js';
import type { Ratio, SuiteResult } from '../report/result.js';
import { busyFloor } from '../subjects/busy/busy-floor.js';
import { busyPiscina, busyProcessPoolExecutor, busyPypool } from '../subjects/busy/busy-pools.js';
import type { Suite, SuiteContext } from './suite.js';
import { whileKilled } from './throughput/killed.js';

const FULL: Plan = { rounds: 9, warmUpCalls: 40_000, blocks: 4, callsPerBlock: 4_000 };
const QUICK: Plan = { rounds: 3, warmUpCalls: 4_000, blocks: 1, callsPerBlock: 2_000 };

const CALLERS = [64, 256];
const QUICK_CALLERS = [64];

/** Of the load under which a worker is killed every second, and before it of the same load without. */
const KILLED_SECONDS = 8;
const QUICK_KILLED_SECONDS = 2;

/** The share of the floor's calls that has to be reached, or so many calls a second, whichever is less. */
const SHARE_OF_FLOOR = 0.8;
const ENOUGH_A_SECOND = 100_000;

/** Blocks of thousands of calls even out what blocks of ten do not, and the machine is full while they run. */
const NOISE_LIMIT = 1.1;

/** Many callers at once, each with one call: how many calls a second the pool carries, and what is true of them while workers die. */
export const throughput: Suite = {
  name: 'throughput',
  summary: 'many callers at once beside the pipelined floor and the peers',
  pinned: true,
  async run(context): Promise<SuiteResult> {
    const parts: SuiteResult[] = [];
    for (const callers of context.quick ? QUICK_CALLERS : CALLERS)
      parts.push(await withCallers(callers, context));
    context.progress('a worker is killed every second');
    const seconds = context.quick ? QUICK_KILLED_SECONDS : KILLED_SECONDS;
    parts.push(await whileKilled(seconds, context.pinning, context.signal));
    return {
      rows: parts.flatMap(({ rows }) => rows),
      ratios: parts.flatMap(({ ratios }) => ratios),
      notes: parts.flatMap(({ notes }) => notes),
    };
  },
};

async function withCallers(callers: number, { quick, pinning, signal, progress }: SuiteContext) {
  progress(`${callers} callers`);
  const lineup = await startAll(
    [
      busyPypool(callers),
      busyFloor(callers),
      busyFloor(callers, 'floor again'),
      busyPiscina(callers),
      busyProcessPoolExecutor(callers),
    ],
    pinning,
  );
  try {
    return resultOf(callers, await lineup.measure(quick ? QUICK : FULL, signal));
  } finally {
    await lineup[Symbol.asyncDispose]();
  }
}

function resultOf(callers: number, medians: Medians): SuiteResult {
  const noise = noiseOf(medians, 'floor again', 'floor');
  const quiet = noise <= NOISE_LIMIT;
  const rows = Array.from(medians, ([subject, microseconds]) => ({
    suite: 'throughput',
    case: `${callers} callers`,
    subject,
    metric: 'calls',
    unit: '/s',
    ...spread(microseconds.map((each) => 1e6 / each)),
  }));
  const atMost = (name: string, value: number, goal: number): Ratio => ({
    name: `${callers} callers: ${name}`,
    value,
    goal,
    holds: quiet && value <= goal,
  });
  const floors = medians.get('floor')!;
  const allowed = floors.map((floor) => Math.max(floor / SHARE_OF_FLOOR, 1e6 / ENOUGH_A_SECOND));
  const overAllowed = percentile(
    medians.get('pypool')!.map((time, round) => time / allowed[round]!),
    0.5,
  );
  return {
    rows: rows.sort((a, b) => b.median - a.median),
    ratios: [
      atMost('floor against floor', noise, NOISE_LIMIT),
      atMost('time a call, over the greater of 1.25 floors and 10 us', overAllowed, 1),
      atMost('pypool / ProcessPoolExecutor', ratioOf(medians, 'pypool', 'ProcessPoolExecutor'), 1 / 8),
    ],
    notes: quiet
      ? []
      : [`${callers} callers: floor against floor differs by ${percent(noise)}: the ratios do not count`],
  };
}
