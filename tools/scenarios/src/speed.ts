import type { PythonPoolOptions } from 'pypool';

/** Whether calls are sent ahead, and whether large bytes go through shared memory, in all pools of a round that do not say so themselves. */
export type Speed = Pick<PythonPoolOptions, 'prefetch' | 'sharedMemory'>;

/** Not what is large alone, but most bytes there are. */
const LOW_THRESHOLD_BYTES = 4 * 1024;

/**
 * What this round is run with, by `PYPOOL_SCENARIO_PREFETCH` and `PYPOOL_SCENARIO_SHARED_MEMORY`: `on` or `off`; without them, what pools do without the options.
 *
 * @param isFar Whether workers may be on other machines, which share no memory.
 * @throws Error where one says something else.
 */
export function chosenSpeed(isFar: boolean, env: NodeJS.ProcessEnv = process.env): Speed {
  const prefetch = isOn(env, 'PYPOOL_SCENARIO_PREFETCH');
  const shared = isOn(env, 'PYPOOL_SCENARIO_SHARED_MEMORY');
  return {
    ...(prefetch !== undefined && { prefetch: prefetch && {} }),
    ...(shared !== undefined &&
      !isFar && { sharedMemory: shared && { thresholdBytes: LOW_THRESHOLD_BYTES } }),
  };
}

function isOn(env: NodeJS.ProcessEnv, name: string): boolean | undefined {
  const value = env[name] ?? '';
  if (value === '') return undefined;
  if (value === 'on' || value === 'off') return value === 'on';
  throw new Error(`${name} is on or off, not ${value}`);
}
