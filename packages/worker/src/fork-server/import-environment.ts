/**
 * What keeps native libraries from starting threads when they are imported: none may run where a process is forked. A worker's own environment is
 * applied after the fork.
 */
const ONE_THREAD: Readonly<Record<string, string>> = {
  OMP_NUM_THREADS: '1',
  OPENBLAS_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  NUMEXPR_NUM_THREADS: '1',
  VECLIB_MAXIMUM_THREADS: '1',
  RAYON_NUM_THREADS: '1',
};

/** Likewise, where the user has not said otherwise: pyarrow's allocator has a thread, and PyTorch initialises CUDA to ask for devices. */
const UNLESS_SET: Readonly<Record<string, string>> = {
  JE_ARROW_MALLOC_CONF: 'background_thread:false',
  PYTORCH_NVML_BASED_CUDA_CHECK: '1',
};

type Environment = Readonly<Record<string, string>>;

/** The environment in which the modules are imported, for workers that have `env`. */
export function importEnvironment(env: Environment): Environment {
  return { ...UNLESS_SET, ...env, ...ONE_THREAD };
}

/** Whether libraries that were imported so are as those of a worker with `env`, which may have more threads. */
export function isSameForLibraries(env: Environment): boolean {
  return Object.entries(ONE_THREAD).every(([name, value]) => env[name] === value);
}
