import { expect, it } from 'vitest';
import { chosenSpeed } from './speed.js';

it.each([
  [undefined, undefined, {}],
  ['', '', {}],
  ['on', 'off', { prefetch: {}, sharedMemory: false }],
  ['off', 'on', { prefetch: false, sharedMemory: { thresholdBytes: 4_096 } }],
])('prefetch %s and shared memory %s come to these options', (prefetch, memory, options) => {
  const env = { PYPOOL_SCENARIO_PREFETCH: prefetch, PYPOOL_SCENARIO_SHARED_MEMORY: memory };
  expect(chosenSpeed(false, env)).toEqual(options);
  const { sharedMemory: _, ...far } = options as ReturnType<typeof chosenSpeed>;
  expect(chosenSpeed(true, env)).toEqual(far);
});

it('refuses what is neither', () => {
  expect(() => chosenSpeed(false, { PYPOOL_SCENARIO_PREFETCH: 'yes' })).toThrow(
    /PREFETCH is on or off, not yes/,
  );
});
