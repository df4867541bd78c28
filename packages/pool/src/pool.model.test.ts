import { describe, expect, it } from 'vitest';

import { runSequences } from './test-support/model/run-sequences.js';

/** Where the sequences of this run begin: others each time. The message of a failure says how to see it again. */
const SEED = Date.now() % 1_000_000_000;

/** Sequences of about a hundred events each, and of how many a test is made, so that none takes long. */
const SEQUENCES = 3_000;
const EACH = 250;

describe('a pool under random events', () => {
  it.each(Array.from({ length: SEQUENCES / EACH }, (_, n) => SEED + n * EACH))(
    `keeps its invariants, in ${EACH} sequences from seed %i`,
    { timeout: 120_000 },
    async (seed) => {
      const { done, broken } = await runSequences({ seed, count: EACH });
      if (broken !== undefined) throw broken;
      expect(done).toBe(EACH);
    },
  );
});
