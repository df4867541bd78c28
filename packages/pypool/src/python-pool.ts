import {
  createPool,
  functionsOf,
  type CallFunctions,
  type Pool,
  type PoolEvents,
  type PoolOptions,
} from '@pypool/pool';
import { sessionPool, type SessionPool } from '@pypool/sessions';
import {
  createPythonWorkers,
  type ModuleOption,
  type PythonWorkers,
  type PythonWorkersOptions,
  type WorkerEvents,
} from '@pypool/worker';
import type { PythonPoolOptions } from './options.js';
import { autoSize } from './size.js';

/** Everything that a pool of Python workers tells, by event. */
export type PythonPoolEvents = PoolEvents & WorkerEvents;

/** A pool of Python workers with sessions in front of it. */
export interface PythonPool extends Omit<Pool, 'on' | 'off'>, Omit<SessionPool, 'close'> {
  /** The interpreter that the workers run on, and how it was found. */
  readonly python: PythonWorkers['python'];
  /** A typed proxy over `call`: `await py.embed('hello')` is `await pool.call('embed', ['hello'])`. */
  functions<Api>(): CallFunctions<Api>;
  /** Listen; the same listener is added once. One that throws is an uncaught exception of its own and disturbs nobody. */
  on<Name extends keyof PythonPoolEvents>(
    event: Name,
    listener: (event: PythonPoolEvents[Name]) => void,
  ): void;
  /** Listen no more. */
  off<Name extends keyof PythonPoolEvents>(
    event: Name,
    listener: (event: PythonPoolEvents[Name]) => void,
  ): void;
}

/**
 * Make a pool of Python workers and wait until `minReady` of them are ready.
 *
 * Rejects with a PypoolError where the options are wrong (`invalid-options`) or a worker cannot start (`start-failed`, with the Python
 * traceback; `start-timeout`); nothing is left running then.
 */
export async function createPythonPool(options: PythonPoolOptions): Promise<PythonPool> {
  const pool = pythonPool({ start: 'eager', ...options });
  // Only an eager pool makes its caller wait.
  if ((options.start ?? 'eager') !== 'eager') return pool;
  try {
    await pool.ready();
    return pool;
  } catch (error) {
    await pool.close({ force: true });
    throw error;
  }
}

/**
 * Make a pool of Python workers at once, for code that cannot wait. Its workers start with the first call or with `ready()`, or right away where
 * `start` says so.
 *
 * @throws PypoolError `invalid-options`, `unsupported-platform`, or `start-failed` where there is no Python; nothing is started then.
 */
export function pythonPool(options: PythonPoolOptions): PythonPool {
  const { forWorkers, forPool, sessions } = byLayer(options);
  const workers = createPythonWorkers(forWorkers);
  const pool = createPool({ start: 'lazy', ...forPool, factory: workers });
  return join(pool, workers, sessionPool(pool, { ...sessions, affinity: forPool.selection as never }));
}

/** One object of options to those of each layer. What none of them knows goes to the pool, which refuses it by name. */
function byLayer({ sessions, ...options }: PythonPoolOptions) {
  const forWorkers: Record<string, unknown> = {};
  const forPool: Record<string, unknown> = { name: nameOf(options.module) };
  for (const [name, value] of Object.entries({ ...options, size: options.size ?? 'auto' })) {
    if (value === undefined) continue;
    if (Object.hasOwn(WORKER_OPTIONS, name)) forWorkers[name] = value;
    else forPool[name] = value === 'auto' && name === 'size' ? autoSize() : value;
  }
  return {
    forWorkers: forWorkers as unknown as PythonWorkersOptions,
    forPool: forPool as unknown as Omit<PoolOptions, 'factory'>,
    sessions,
  };
}

/** The options that are the workers' business; the type says when one is missing here. */
const WORKER_OPTIONS: Readonly<Record<keyof PythonWorkersOptions, true>> = {
  module: true,
  expose: true,
  python: true,
  env: true,
  cwd: true,
  launcher: true,
  transport: true,
  limits: true,
  integers: true,
  unencodable: true,
  types: true,
  heartbeatIntervalMs: true,
  maxLineBytes: true,
};

/** A pool is named after its module unless it is given a name. */
function nameOf(module: ModuleOption): string {
  const source =
    typeof module === 'string' || module instanceof URL
      ? String(module)
      : Object.keys(module ?? {}).join('+');
  return /([^/\\.]+?)(?:\.py)?$/.exec(source)?.[1] ?? 'pypool';
}

/** One object to its users. */
function join(pool: Pool, workers: PythonWorkers, withSessions: SessionPool): PythonPool {
  const { session, sessions, executeInSession, executeAnonymous } = withSessions;
  const isOfWorkers = (event: string): event is keyof WorkerEvents => Object.hasOwn(WORKER_EVENTS, event);
  return {
    name: pool.name,
    python: workers.python,
    call: (name, args, options) => pool.call(name, args, options),
    stream: (name, args, options) => pool.stream(name, args, options),
    functions: <Api>() => functionsOf<Api>(pool),
    session,
    sessions,
    executeInSession,
    executeAnonymous,
    ready: () => pool.ready(),
    drain: () => pool.drain(),
    async close(options) {
      try {
        await pool.close(options);
      } finally {
        withSessions.close();
      }
    },
    [Symbol.asyncDispose]() {
      return this.close();
    },
    status: () => pool.status(),
    stats: () => pool.stats(),
    health: () => pool.health(),
    on(event, listener) {
      if (isOfWorkers(event)) workers.on(event, listener as never);
      else pool.on(event, listener as never);
    },
    off(event, listener) {
      if (isOfWorkers(event)) workers.off(event, listener as never);
      else pool.off(event, listener as never);
    },
  };
}

/** The events that come from the workers; the type says when one is missing here. */
const WORKER_EVENTS: Readonly<Record<keyof WorkerEvents, true>> = {
  output: true,
  log: true,
  'thread-exception': true,
  suggestion: true,
  'worker-suspect': true,
  'worker-recovered': true,
  'guardian-lost': true,
};
