import { startAll } from '../measure/alternate.js';
import type { Plan } from '../measure/alternate.js';
import { noiseOf, NOISE_LIMIT, percent, ratioOf } from '../measure/noise.js';
import { spread } from '../measure/statistics.js';
import type { Ratio, SuiteResult } from '../report/result.js';
import { bare, detached, measured, traced } from '../subjects/pypool-observed.js';
import type { Suite } from './suite.js';

const FULL: Plan = { rounds: 9, warmUpCalls: 10_000, blocks: 100, callsPerBlock: 10 };
const QUICK: Plan = { rounds: 3, warmUpCalls: 1_000, blocks: 20, callsPerBlock: 10 };

/** How often a run that was too noisy is made again. */
const ATTEMPTS = 3;

const NOTHING = 'nothing attached';

/** What it adds to a call that somebody looks at it. */
export const telemetry: Suite = {
  name: 'telemetry',
  summary: 'one call at a time with metrics, with traces, and with neither',
  pinned: true,
  async run({ quick, pinning, signal, progress }): Promise<SuiteResult> {
    const subjects = [bare(NOTHING), bare(`${NOTHING}, again`), detached, measured, traced];
    progress(`starting ${subjects.map(({ name }) => name).join('; ')}`);
    const lineup = await startAll(subjects, pinning);
    try {
      for (let attempt = 1; ; attempt += 1) {
        progress(`measuring, attempt ${attempt} of ${ATTEMPTS}`);
        const medians = await lineup.measure(quick ? QUICK : FULL, signal);
        const noise = noiseOf(medians, `${NOTHING}, again`, NOTHING);
        if (noise > NOISE_LIMIT && attempt < ATTEMPTS) continue;
        const quiet = noise <= NOISE_LIMIT;
        const atMost = (name: string, value: number, goal: number): Ratio => ({
          name,
          value,
          goal,
          holds: quiet && value <= goal,
        });
        const over = (subject: string): number => ratioOf(medians, subject, NOTHING);
        return {
          rows: Array.from(medians, ([subject, values]) => ({
            suite: 'telemetry',
            case: 'sequential',
            subject,
            metric: 'p50',
            unit: 'us',
            ...spread(values),
          })),
          ratios: [
            atMost('nothing against nothing', noise, NOISE_LIMIT),
            atMost('attached and off again / nothing', over(detached.name), NOISE_LIMIT),
            atMost('metrics / nothing', over(measured.name), 1.1),
            atMost('traces, 1 % sampled / nothing', over(traced.name), 1.2),
          ],
          notes: [
            `attempts: ${attempt}`,
            ...(quiet
              ? []
              : [`nothing against nothing differs by ${percent(noise)}: the ratios do not count`]),
          ],
        };
      }
    } finally {
      await lineup[Symbol.asyncDispose]();
    }
  },
};
