import type { PoolOptions } from '@pypool/pool';
import type { SessionRegistryOptions } from '@pypool/sessions';
import type { LauncherOption, PythonWorkersOptions } from '@pypool/worker';
import type { MemoryLimit } from './memory.js';

/**
 * How a pool of Python workers is made: what is served and how ({@link PythonWorkersOptions}), by how many and in which order
 * ({@link PoolOptions}), and how sessions are kept.
 */
export interface PythonPoolOptions
  extends
    Omit<PythonWorkersOptions, 'threads' | 'launcher' | 'sharedMemory'>,
    Omit<PoolOptions, 'factory' | 'size' | 'maxMemoryBytes' | 'hardMaxMemoryBytes'> {
  /**
   * Steady workers. 0: none, calls run on `overflow` alone. `'auto'`: as many as the cores that this process may use, its cgroup's CPU quota
   * counted in, at most 4.
   *
   * @defaultValue `'auto'`
   */
  readonly size?: number | 'auto';
  /**
   * Threads that each library in native code may start in each worker (OMP, OpenBLAS, MKL, numexpr, vecLib, Rayon), by their environment
   * variables; what `env` says of these wins. `'auto'`: the cores that this process may use, shared among `size` workers. `false`: no limit is set,
   * and each starts as a rule one for each core. At least 1. Finite.
   *
   * @defaultValue `1`
   */
  readonly threads?: number | 'auto' | false;
  /**
   * What brings workers into being: `'auto'`, forked from one process that imports the modules once, where that is safe and what is imported once is what
   * each would import, and started one by one where not, which the event `launcher-fallback` explains; `'spawn'`, one by one; `'fork'`, forked, and
   * starts fail where that is unsafe; or a launcher, which is closed with the pool.
   *
   * @defaultValue `'auto'`; `'spawn'` with a `transport` that workers do not dial, such as `pipeTransport()`
   */
  readonly launcher?: LauncherOption;
  /**
   * Whether large bytes and arrays pass through memory that this process shares with each worker, rather than through its channels, where that can
   * be had: on Linux, with workers in this process's namespace of processes, and memory to spare. `thresholdBytes`: from which size on (0: every one). `maxBytes`: all
   * that is shared with one worker. It is made when there is something to put into it, and given back after 10 s without.
   *
   * @defaultValue `true`, 256 KiB and 512 MiB; `false` with a `transport` whose workers may be on other machines, where anything else is `invalid-options`
   */
  readonly sharedMemory?: PythonWorkersOptions['sharedMemory'];
  /**
   * Private memory of a worker's processes, in bytes, beyond which it is replaced after the calls it has; or a share of what this process
   * may use, by its cgroup's limit or else the machine's memory: `'20%'`. Linux only: elsewhere no worker starts with it. `Infinity`: no limit.
   *
   * @defaultValue `Infinity`
   */
  readonly maxMemoryBytes?: MemoryLimit;
  /** The same beyond which a worker is ended at once, with the calls it has. @defaultValue `Infinity` */
  readonly hardMaxMemoryBytes?: MemoryLimit;
  /**
   * For development: reload the pool when a Python file is saved in the folder of a module or below (a module by dotted name: in `cwd`). What
   * comes of it goes to stderr; where new workers cannot start, the old ones stay.
   *
   * @defaultValue `false`
   */
  readonly watch?: boolean;
  /** How sessions are kept. @defaultValue 1 h and 100 000 sessions, in memory */
  readonly sessions?: SessionRegistryOptions;
}
