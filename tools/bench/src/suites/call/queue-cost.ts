import { startAll } from '../../measure/alternate.js';
import type { Medians, Plan } from '../../measure/alternate.js';
import { noiseOf, NOISE_LIMIT, percent, ratioOf } from '../../measure/noise.js';
import { mean, percentile, spread } from '../../measure/statistics.js';
import type { Row, SuiteResult } from '../../report/result.js';
import type { SuiteContext } from '../suite.js';
import { costliest, largestGrowth } from './growth.js';
import { queueSubject } from './queue-subject.js';
import type { QueueKind, QueueSubject } from './queue-subject.js';

const FEW = 10;
const MANY = 100_000;

// A round's mean, over blocks that hold several collections of garbage each: a median would leave those out.
const FULL: Plan = { rounds: 9, warmUpCalls: 200_000, blocks: 4, callsPerBlock: MANY, figure: 'mean' };
const QUICK: Plan = { rounds: 3, warmUpCalls: 40_000, blocks: 1, callsPerBlock: 40_000, figure: 'mean' };
const PROFILED_CALLS = 100_000;

/** How much more a call may cost with the long queue than {@link beyondBare} grants, and how much more any one function of it. */
const COST_GOAL = 1.5;
const GROWTH_GOAL = 10;

/**
 * What the pool's own code costs for each call, with a short queue and with a long one: fake workers, no bytes.
 *
 * @param suite whose result it is part of
 */
export async function queueCost(
  { quick, pinning, signal, progress }: SuiteContext,
  suite: string,
): Promise<SuiteResult> {
  const pool = pairOf('pool', 'steady');
  const again = queueSubject({ of: 'pool', queued: FEW, use: 'steady' }, ', again');
  const bare = pairOf('bare', 'steady');
  const list = pairOf('list', 'steady');
  const pairs = quick ? [pool, bare] : [pool, list, bare, pairOf('pool', 'bursts'), pairOf('bare', 'bursts')];
  const subjects = [again, ...pairs.flatMap(({ few, many }) => [few, many])];
  progress(`filling queues of ${FEW} and ${MANY} calls`);
  await using lineup = await startAll(subjects, pinning);
  progress('measuring the cost of a call');
  const costs = await lineup.measure(quick ? QUICK : FULL, signal);
  progress('profiling');
  const [atFew, atMany] = [await pool.few.profile(PROFILED_CALLS), await pool.many.profile(PROFILED_CALLS)];

  const noise = noiseOf(costs, again.name, pool.few.name);
  const quiet = noise <= NOISE_LIMIT;
  const growth = beyondBare(costs, pool, bare);
  const worst = largestGrowth(atFew, atMany);
  return {
    rows: [
      ...subjects.flatMap((subject) => rowsOf(subject, costs)),
      ...pairs.map((pair) => row(pair.many.name, `over ${FEW}`, 'x', growthOf(costs, pair))),
    ].map((figure) => ({ suite, case: 'pool core with fake workers', ...figure })),
    ratios: [
      { name: `cost at ${FEW} queued against itself`, value: noise, goal: NOISE_LIMIT, holds: quiet },
      {
        name: `cost at ${MANY} queued / (at ${FEW} + what bare promises add)`,
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
      'the cost is processor time with everything in it; V8 copies whatever waits twice, so that a bare promise costs ' +
        `${ratioOf(costs, bare.many.name, bare.few.name).toFixed(1)} times as much with ${MANY} queued as with ${FEW}`,
      `with ${MANY} queued a call of the pool costs ${ratioOf(costs, pool.many.name, pool.few.name).toFixed(2)} times what it costs ` +
        `with ${FEW}; without pauses to collect garbage ${(own(pool.many) / own(pool.few)).toFixed(2)} times`,
      `the function that grows most is ${worst.name}; one that looked at every queued call would grow ${MANY / FEW} times`,
      `self time per call at ${FEW} queued: ${costliest(atFew)}`,
      `self time per call at ${MANY} queued: ${costliest(atMany)}`,
    ],
  };
}

/** The same queue, short and long. */
interface Pair {
  readonly few: QueueSubject;
  readonly many: QueueSubject;
}

function pairOf(of: QueueKind['of'], use: QueueKind['use']): Pair {
  return { few: queueSubject({ of, queued: FEW, use }), many: queueSubject({ of, queued: MANY, use }) };
}

/** Round by round, what a call costs with the long queue over what it costs with the short one. */
function growthOf(costs: Medians, { few, many }: Pair): number[] {
  return costs.get(many.name)!.map((cost, round) => cost / costs.get(few.name)![round]!);
}

/** What the long queue costs over what it would cost if it added no more to a call than it adds to a bare promise. */
function beyondBare(costs: Medians, pool: Pair, bare: Pair): number {
  const at = ({ name }: QueueSubject, round: number): number => costs.get(name)![round]!;
  const rounds = costs.get(pool.many.name)!.map((cost, round) => {
    return cost / (at(pool.few, round) + at(bare.many, round) - at(bare.few, round));
  });
  return percentile(rounds, 0.5);
}

type Figure = Omit<Row, 'suite' | 'case'>;

function rowsOf(subject: QueueSubject, all: Medians): Figure[] {
  const { name, costs } = subject;
  return [
    row(name, 'cost per call', 'us', all.get(name)!),
    // Pauses are rare and long, so that only their mean says anything.
    row(name, 'garbage per call', 'us', [mean(costs.map(({ garbageUs }) => garbageUs))]),
    row(name, 'without garbage', 'us', [own(subject)]),
  ];
}

function row(subject: string, metric: string, unit: string, values: readonly number[]): Figure {
  return { subject, metric, unit, ...spread(values) };
}

/** Time of a call in JavaScript alone. */
function own({ costs }: QueueSubject): number {
  return percentile(
    costs.map(({ ownUs }) => ownUs),
    0.5,
  );
}
