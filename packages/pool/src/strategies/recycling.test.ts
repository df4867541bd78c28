import { describe, expect, it } from 'vitest';

import { limitReached, type RecyclableWorker, type RenewalInput, renewalStep } from './recycling.js';

const fresh: RecyclableWorker = {
  limitShare: 1,
  calls: 0,
  readySince: 0,
  memoryBytes: undefined,
  inFlight: 0,
};
const none = { maxCalls: Infinity, maxAgeMs: Infinity, maxMemoryBytes: Infinity };

describe('limitReached', () => {
  it.each([
    ['nothing without limits', { calls: 1e9, memoryBytes: 1e12 }, {}, undefined],
    ['the calls', { calls: 5 }, { maxCalls: 5 }, { option: 'maxCalls', value: 5, limit: 5 }],
    ['no calls below', { calls: 4 }, { maxCalls: 5 }, undefined],
    [
      'calls by the share that holds for it',
      { calls: 90, limitShare: 0.9 },
      { maxCalls: 100 },
      { option: 'maxCalls', value: 90, limit: 90 },
    ],
    ['the age', {}, { maxAgeMs: 1_000 }, { option: 'maxAgeMs', value: 1_000, limit: 1_000 }],
    ['no age below', { readySince: 1 }, { maxAgeMs: 1_000 }, undefined],
    [
      'the memory',
      { calls: 1, memoryBytes: 301 },
      { maxMemoryBytes: 300 },
      { option: 'maxMemoryBytes', value: 301, limit: 300 },
    ],
    ['no memory at the limit', { calls: 1, memoryBytes: 300 }, { maxMemoryBytes: 300 }, undefined],
    ['no memory of one that has served nobody', { memoryBytes: 301 }, { maxMemoryBytes: 300 }, undefined],
  ])('tells %s', (_, worker, limits, reached) => {
    expect(limitReached({ ...fresh, ...worker }, { ...none, ...limits }, 1_000)).toEqual(reached);
  });
});

describe('renewalStep', () => {
  const old = { ...fresh, readySince: 1 };
  const older = { ...fresh, readySince: 0 };
  const busy = { ...fresh, inFlight: 1 };
  const due = (...records: RecyclableWorker[]) => records.map((record) => ({ record, stale: false }));
  const stale = (...records: RecyclableWorker[]) => records.map((record) => ({ record, stale: true }));
  const input: RenewalInput<RecyclableWorker> = {
    due: due(old),
    ready: 2,
    steady: 2,
    leaving: false,
    proven: true,
    replace: 'before',
  };

  it.each<[string, Partial<RenewalInput<RecyclableWorker>>, unknown]>([
    ['nothing where nobody is due', { due: [] }, 'nothing'],
    ['a start first', {}, 'start'],
    ['a leave where one more is ready', { ready: 3 }, { leaves: old }],
    ['a leave first where the replacement comes after', { replace: 'after' }, { leaves: old }],
    ['nothing while one is leaving', { ready: 3, leaving: true }, 'nothing'],
    ['nothing while one is missing', { ready: 1, replace: 'after' }, 'nothing'],
    ['the oldest', { ready: 3, due: due(old, older) }, { leaves: older }],
    ['an idle one before a busy one', { ready: 3, due: due(busy, old) }, { leaves: old }],
    ['proof before a reload lets anybody go', { ready: 3, due: stale(old), proven: false }, 'start'],
    ['a leave by reload once there is proof', { ready: 3, due: stale(old) }, { leaves: old }],
    [
      'a leave by a limit without such proof',
      { ready: 3, due: [...stale(older), ...due(old)], proven: false },
      { leaves: old },
    ],
  ])('wants %s', (_, difference, step) => {
    expect(renewalStep({ ...input, ...difference })).toEqual(step);
  });
});
