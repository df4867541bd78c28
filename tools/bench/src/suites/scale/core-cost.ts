import type { Pinning } from '../../machine/pinning.js';
import { startAll } from '../../measure/alternate.js';
import type { Medians, Plan } from '../../measure/alternate.js';
import { noiseOf, NOISE_LIMIT, percent, ratioOf } from '../../measure/noise.js';
import { spread } from '../../measure/statistics.js';
import type { Ratio, SuiteResult } from '../../report/result.js';
import { costliest } from '../call/growth.js';
import { queueSubject } from '../call/queue-subject.js';
import type { QueueKind, QueueSubject } from '../call/queue-subject.js';
import type { SuiteContext } from '../suite.js';

const FULL: Plan = { rounds: 9, warmUpCalls: 100_000, blocks: 4, callsPerBlock: 50_000, figure: 'mean' };
const QUICK: Plan = { rounds: 3, warmUpCalls: 20_000, blocks: 1, callsPerBlock: 20_000, figure: 'mean' };
const PROFILED_CALLS = 50_000;

/** How much more a call may cost with many of something than with few. */
const GOAL = 1.5;

/** The same with few of something and with many. */
interface Pair {
  readonly name: string;
  readonly few: QueueSubject;
  readonly many: QueueSubject;
}

/** What the pool's own code costs for each call, by how many workers and sessions there are: fake workers, no bytes. */
export async function coreCost(
  { quick, signal, progress }: SuiteContext,
  pinning: Pinning,
): Promise<SuiteResult> {
  const busy = pairOf(
    '200 busy workers / 2',
    { queued: 10, use: 'steady' },
    { workers: 2 },
    { workers: 200 },
  );
  const idle = pairOf('200 idle workers / 2', { queued: 0, use: 'alone' }, { workers: 2 }, { workers: 200 });
  const sessions = pairOf(
    '10 000 sessions / 10',
    { queued: 10, use: 'steady' },
    { sessions: 10 },
    { sessions: 10_000 },
  );
  const pairs = [busy, idle, sessions];
  const again = queueSubject({ of: 'pool', queued: 10, use: 'steady', workers: 2 }, ', again');
  progress('starting pools of fake workers');
  await using lineup = await startAll([again, ...pairs.flatMap(({ few, many }) => [few, many])], pinning);
  progress('measuring the cost of a call');
  const costs = await lineup.measure(quick ? QUICK : FULL, signal);
  const noise = noiseOf(costs, again.name, busy.few.name);
  const result = resultOf(pairs, costs, noise);
  if (quick) return result;
  progress('profiling');
  const profile = await idle.many.profile(PROFILED_CALLS);
  return {
    ...result,
    notes: [
      ...result.notes,
      `self time per call, one at a time with 200 idle workers: ${costliest(profile)}`,
    ],
  };
}

type Difference = Pick<QueueKind, 'workers' | 'sessions'>;

function pairOf(
  name: string,
  kind: Pick<QueueKind, 'queued' | 'use'>,
  few: Difference,
  many: Difference,
): Pair {
  const subject = (difference: Difference): QueueSubject =>
    queueSubject({ of: 'pool', ...kind, ...difference });
  return { name, few: subject(few), many: subject(many) };
}

function resultOf(pairs: readonly Pair[], costs: Medians, noise: number): SuiteResult {
  const quiet = noise <= NOISE_LIMIT;
  const ratios = pairs.map(({ name, few, many }): Ratio => {
    const value = ratioOf(costs, many.name, few.name);
    return { name: `cost per call, ${name}`, value, goal: GOAL, holds: quiet && value <= GOAL };
  });
  return {
    rows: Array.from(costs, ([subject, values]) => ({
      suite: 'scale',
      case: 'pool core with fake workers',
      subject,
      metric: 'cost per call',
      unit: 'us',
      ...spread(values),
    })),
    ratios: [
      {
        name: 'cost per call, 2 busy workers against themselves',
        value: noise,
        goal: NOISE_LIMIT,
        holds: quiet,
      },
      ...ratios,
    ],
    notes: quiet
      ? []
      : [`the cost of a call differs from itself by ${percent(noise)}: the ratios do not count`],
  };
}
