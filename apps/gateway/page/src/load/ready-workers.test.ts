import { expect, it } from 'vitest';
import { readyWorkers } from './ready-workers.js';

const ready = { state: 'ready', overflow: false } as const;
const starting = { state: 'starting', overflow: false } as const;
const extra = { state: 'ready', overflow: true } as const;

it.each([
  [undefined, undefined, 'of 2', ''],
  [[ready, ready], 2, 'of 2', ''],
  [[ready, ready, extra, extra], 2, 'of 2, and 2 overflow', ''],
  // An overflow worker stands in for none of the steady ones.
  [[ready, starting, extra], 1, 'of 2, and 1 overflow', 'warn'],
  [[], 0, 'of 2', 'warn'],
] as const)('of two steady workers, with %j, %s are ready %s', (workers, count, of, tone) => {
  expect(readyWorkers(workers, 2)).toEqual({ ready: count, of, tone });
});
