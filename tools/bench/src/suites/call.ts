import type { SuiteResult } from '../report/result.js';
import { queueCost } from './call/queue-cost.js';
import { roundTrip } from './call/round-trip.js';
import type { Suite } from './suite.js';

/** What one call costs: on the wire beside its floor and its peers, and in the pool's own code as the queue grows. */
export const call: Suite = {
  name: 'call',
  summary: 'one call at a time beside the floor and the peers; cost per call with 100 000 queued',
  pinned: true,
  async run(context): Promise<SuiteResult> {
    const parts = [await queueCost(context, 'call'), await roundTrip(context)];
    return {
      rows: parts.flatMap(({ rows }) => rows),
      ratios: parts.flatMap(({ ratios }) => ratios),
      notes: parts.flatMap(({ notes }) => notes),
    };
  },
};
