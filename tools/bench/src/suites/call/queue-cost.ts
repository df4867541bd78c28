import { startAll } from '../../measure/alternate.js';
import type { Plan } from '../../measure/alternate.js';
import { noiseOf, NOISE_LIMIT, percent, ratioOf } from '../../measure/noise.js';
import { spread } from '../../measure/statistics.js';
import type { SuiteResult } from '../../report/result.js';
import type { SuiteContext } from '../suite.js';
import { costliest, largestGrowth } from './growth.js';
import { queueSubject } from './queue-subject.js';

const FEW = 10;
const MANY = 100_000;

const FULL: Plan = { rounds: 9, warmUpCalls: 40_000, blocks: 20, callsPerBlock: 2_000 };
const QUICK: Plan = { rounds: 3, warmUpCalls: 40_000, blocks: 5, callsPerBlock: 2_000 };
const PROFILED_CALLS = 100_000;

/** How much more a call may cost with the long queue, and how much more any one function of it. */
const COST_GOAL = 1.5;
const GROWTH_GOAL = 10;

/** What the pool's own code costs for each call, with a short queue and with a long one: fake workers, no bytes. */
export async function queueCost({ quick, pinning, signal, progress }: SuiteContext): Promise<SuiteResult> {
  const few = queueSubject('pool', FEW, `pool, ${FEW} queued`);
  const again = queueSubject('pool', FEW, `pool, ${FEW} queued, again`);
  const many = queueSubject('pool', MANY, `pool, ${MANY} queued`);
  const subjects = [few, again, many, queueSubject('bare', MANY, `bare promises, ${MANY} queued`)];
  progress(`filling queues of ${FEW} and ${MANY} calls`);
  await using lineup = await startAll(subjects, pinning);
  progress('measuring the cost of a call');
  const medians = await lineup.measure(quick ? QUICK : FULL, signal);
  progress('profiling');
  const [atFew, atMany] = [await few.profile(PROFILED_CALLS), await many.profile(PROFILED_CALLS)];

  const noise = noiseOf(medians, again.name, few.name);
  const quiet = noise <= NOISE_LIMIT;
  const growth = ratioOf(medians, many.name, few.name);
  const worst = largestGrowth(atFew, atMany);
  const place = { suite: 'call', case: 'pool core with fake workers', unit: 'us' };
  return {
    rows: subjects.flatMap(({ name, garbage }) => [
      { ...place, subject: name, metric: 'own cost per call', ...spread(medians.get(name)!) },
      { ...place, subject: name, metric: 'garbage per call', ...mean(garbage) },
    ]),
    ratios: [
      { name: `cost at ${FEW} queued against itself`, value: noise, goal: NOISE_LIMIT, holds: quiet },
      {
        name: `cost at ${MANY} / ${FEW} queued`,
        value: growth,
        goal: COST_GOAL,
        holds: quiet && growth <= COST_GOAL,
      },
      {
        name: `largest growth of one function, ${FEW} to ${MANY} queued`,
        value: worst.growth,
        goal: GROWTH_GOAL,
        holds: worst.growth <= GROWTH_GOAL,
      },
    ],
    notes: [
      ...(quiet
        ? []
        : [`the cost of a call differs from itself by ${percent(noise)}: its ratio does not count`]),
      'pauses to collect garbage are not in the cost: V8 copies whatever is queued, bare promises likewise',
      `the function that grows most is ${worst.name}; one that looked at every queued call would grow ${MANY / FEW} times`,
      `self time per call at ${FEW} queued: ${costliest(atFew)}`,
      `self time per call at ${MANY} queued: ${costliest(atMany)}`,
    ],
  };
}

/** Pauses are rare and long, so that only their mean says anything. */
function mean(values: readonly number[]): { median: number; min: number; max: number } {
  const value = values.reduce((sum, one) => sum + one, 0) / values.length;
  return { median: value, min: value, max: value };
}
