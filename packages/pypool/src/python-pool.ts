import { createPool, type PoolOptions } from '@pypool/pool';
import { addCallSite, createError, shown } from '@pypool/protocol';
import { resolveSessionRegistryOptions, sessionPool } from '@pypool/sessions';
import {
  createPythonWorkers,
  type LauncherOption,
  type ModuleOption,
  type PythonWorkersOptions,
} from '@pypool/worker';
import { joinLayers, type PythonPool } from './join-layers.js';
import { memoryBytes } from './memory.js';
import { assertOptionNames, WORKER_OPTIONS } from './option-names.js';
import type { PythonPoolOptions } from './options.js';
import { reloadOnSave, withoutBytecode } from './reload-on-save.js';
import { autoSize, autoThreads } from './size.js';

/**
 * Make a pool of Python workers and wait until `minReady` of them are ready.
 *
 * Rejects with a PypoolError where the options are wrong (`invalid-options`) or a worker cannot start (`start-failed`, with the Python
 * traceback; `start-timeout`); nothing is left running then.
 */
export async function createPythonPool(options: PythonPoolOptions): Promise<PythonPool> {
  assertOptions('createPythonPool()', options);
  const pool = pythonPool({ ...options, start: options.start ?? 'eager' });
  // Only an eager pool makes its caller wait.
  if ((options.start ?? 'eager') !== 'eager') return pool;
  try {
    await pool.ready();
    return pool;
  } catch (error) {
    await pool.close({ force: true });
    throw addCallSite(error, 'createPythonPool');
  }
}

/**
 * Make a pool of Python workers at once, for code that cannot wait. Its workers start with the first call or with `ready()`, or right away where
 * `start` says so.
 *
 * @throws PypoolError `invalid-options`, `unsupported-platform`, or `start-failed` where there is no Python; nothing is started then.
 */
export function pythonPool(options: PythonPoolOptions): PythonPool {
  assertOptions('pythonPool()', options);
  const { forWorkers, forPool, forSessions, watch } = byLayer(options);
  const workers = createPythonWorkers(
    watch ? { ...forWorkers, env: withoutBytecode(forWorkers.env) } : forWorkers,
  );
  const pool = createPool({ start: 'lazy', ...forPool, factory: workers });
  if (watch) reloadOnSave(pool, workers.folders);
  return joinLayers(pool, workers, sessionPool(pool, { ...forSessions, affinity: forPool.selection }));
}

function assertOptions(of: string, options: unknown): void {
  if (typeof options === 'object' && options !== null) return;
  throw createError({
    code: 'invalid-options',
    message: `Invalid options of ${of}: expected an object with at least a module, got ${shown(options)}.`,
  });
}

/** One object of options to those of each layer. */
function byLayer(all: PythonPoolOptions) {
  assertOptionNames(all as unknown as Readonly<Record<string, unknown>>);
  const { sessions, watch = false, ...options } = all;
  if (typeof watch !== 'boolean') throw invalid('watch', 'true or false', watch);
  const forWorkers: Record<string, unknown> = {};
  const forPool: Record<string, unknown> = { name: nameOf(options.module) };
  for (const [name, value] of Object.entries({ ...options, size: options.size ?? 'auto' })) {
    if (value === undefined) continue;
    if (Object.hasOwn(WORKER_OPTIONS, name)) forWorkers[name] = value;
    else forPool[name] = resolved(name, value);
  }
  forWorkers['launcher'] = launcherFor(options);
  // Wherever it can be: what is no such machine, or has too little memory, is found by the workers, who then go without.
  forWorkers['sharedMemory'] = options.sharedMemory ?? options.transport?.remote !== true;
  const { threads = 1 } = options;
  if (threads === 'auto') forWorkers['threads'] = autoThreads(Number(forPool['size']));
  else if (typeof threads === 'string')
    throw invalid('threads', "a number of threads, 'auto' or false", threads);
  return {
    forWorkers: forWorkers as unknown as PythonWorkersOptions,
    forPool: forPool as unknown as Omit<PoolOptions, 'factory'>,
    // Checked before anything is made that would have to be closed.
    forSessions: resolveSessionRegistryOptions(sessions),
    watch,
  };
}

/** Workers are forked where they can be, unless somebody has said how they are started, or how they are reached in a way that forked ones are not. */
function launcherFor({ launcher, transport }: PythonPoolOptions): LauncherOption {
  if (launcher !== undefined) return launcher;
  return (transport?.dialled ?? transport === undefined) ? 'auto' : 'spawn';
}

function invalid(option: string, expected: string, value: unknown): Error {
  return createError({
    code: 'invalid-options',
    message: `Invalid options of a Python pool: ${option}: expected ${expected}, got ${shown(value)}.`,
  });
}

/** What the pool is given for a value that stands for a number of this machine. */
function resolved(name: string, value: unknown): unknown {
  if (name === 'size' && value === 'auto') return autoSize();
  if (name === 'size' && typeof value !== 'number')
    throw invalid(name, `a number of workers or 'auto'`, value);
  return name === 'maxMemoryBytes' || name === 'hardMaxMemoryBytes' ? memoryBytes(value) : value;
}

/** A pool is named after its module unless it is given a name. */
function nameOf(module: ModuleOption): string {
  const source =
    typeof module === 'string' || module instanceof URL
      ? String(module)
      : Object.keys(module ?? {}).join('+');
  return /([^/\\.]+?)(?:\.py)?$/.exec(source)?.[1] ?? 'pypool';
}
