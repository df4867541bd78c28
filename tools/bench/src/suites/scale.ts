import { pinToOneCoreEach } from '../machine/pinning.js';
import type { SuiteResult } from '../report/result.js';
import { queueCost } from './call/queue-cost.js';
import { coreCost } from './scale/core-cost.js';
import { eightHours } from './scale/eight-hours.js';
import { echoesOverMany, idleAndClosed } from './scale/many-workers.js';
import type { Suite } from './suite.js';

/** What grows with the number of workers, of queued calls, of sessions, and with time. */
export const scale: Suite = {
  name: 'scale',
  summary: '200 workers, 100 000 queued calls, 10 000 sessions, 8 hours of simulated time',
  // Only in part: what is brought up and closed has the machine to itself.
  pinned: false,
  async run(context): Promise<SuiteResult> {
    const parts = [await eightHours(context)];
    const pinning = pinToOneCoreEach();
    try {
      context.progress(pinning.description);
      parts.push(await coreCost(context, pinning));
      // A short run of everything has it in the suite `call`.
      if (!context.quick) parts.push(await queueCost({ ...context, pinning }, 'scale'));
      parts.push(await echoesOverMany(context, pinning));
    } finally {
      pinning.release();
    }
    parts.push(await idleAndClosed(context));
    return {
      rows: parts.flatMap(({ rows }) => rows),
      ratios: parts.flatMap(({ ratios }) => ratios),
      notes: parts.flatMap(({ notes }) => notes),
    };
  },
};
