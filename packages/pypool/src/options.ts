import type { PoolOptions } from '@pypool/pool';
import type { SessionRegistryOptions } from '@pypool/sessions';
import type { PythonWorkersOptions } from '@pypool/worker';

/**
 * How a pool of Python workers is made: what is served and how ({@link PythonWorkersOptions}), by how many and in which order
 * ({@link PoolOptions}), and how sessions are kept.
 */
export interface PythonPoolOptions extends PythonWorkersOptions, Omit<PoolOptions, 'factory' | 'size'> {
  /**
   * Steady workers. 0: none, calls run on `overflow` alone. `'auto'`: as many as the cores that this process may use, its cgroup's CPU quota
   * counted in, at most 4.
   *
   * @defaultValue `'auto'`
   */
  readonly size?: number | 'auto';
  /** How sessions are kept. @defaultValue 1 h and 100 000 sessions, in memory */
  readonly sessions?: SessionRegistryOptions;
}
