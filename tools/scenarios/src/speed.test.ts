import { expect, it } from 'vitest';
import { chosenSpeed } from './speed.js';

it.each([
  [undefined, undefined, {}],
  ['', '', {}],
  ['on', 'off', { prefetch: {}, sharedMemory: false }],
  ['off', 'on', { prefetch: false, sharedMemory: { thresholdBytes: 4_096 } }],
])('prefetch %s and shared memory %s come to these options', (prefetch, memory, options) => {
  const env = { PYPOOL_SCENARIO_PREFETCH: prefetch, PYPOOL_SCENARIO_SHARED_MEMORY: memory };
  expect(chosenSpeed(env)).toEqual(options);
});

it('refuses what is neither', () => {
  expect(() => chosenSpeed({ PYPOOL_SCENARIO_PREFETCH: 'yes' })).toThrow(/PREFETCH is on or off, not yes/);
});
