import type { PoolCallOptions, PoolOptions } from '@pypool/pool';
import { createError, nearest, noSuchOption } from '@pypool/protocol';
import type { SessionRegistryOptions } from '@pypool/sessions';
import type { CancelGraces, EnvOption, PythonWorkersOptions, RlimitsOption } from '@pypool/worker';
import type { PythonPoolOptions } from './options.js';
import { OTHER_NAMES } from './other-names.js';

/** The names of an interface; the type says when one is missing. */
type Names<T> = Readonly<Record<keyof T, true>>;

/** The options that are the workers' business. */
export const WORKER_OPTIONS: Names<PythonWorkersOptions> = {
  module: true,
  expose: true,
  python: true,
  env: true,
  engine: true,
  concurrency: true,
  cwd: true,
  threads: true,
  rlimits: true,
  uid: true,
  gid: true,
  launcher: true,
  transport: true,
  limits: true,
  integers: true,
  unencodable: true,
  types: true,
  heartbeatIntervalMs: true,
  unresponsiveTimeoutMs: true,
  maxLineBytes: true,
  cancelGraces: true,
  maxInterrupts: true,
  logLevel: true,
  signatures: true,
  sharedMemory: true,
};

const POOL_OPTIONS: Names<Omit<PoolOptions, 'factory'>> = {
  size: true,
  name: true,
  overflow: true,
  idleTimeoutMs: true,
  start: true,
  minReady: true,
  maxQueue: true,
  maxQueueBytes: true,
  prefetch: true,
  timeoutMs: true,
  checkoutTimeoutMs: true,
  executionTimeoutMs: true,
  itemTimeoutMs: true,
  startTimeoutMs: true,
  maxAttempts: true,
  leakAfterMs: true,
  startBackoffMs: true,
  maxStartBackoffMs: true,
  maxStartFailures: true,
  startConcurrency: true,
  selection: true,
  queue: true,
  minIdle: true,
  maxCalls: true,
  maxAgeMs: true,
  maxMemoryBytes: true,
  hardMaxMemoryBytes: true,
  memoryIntervalMs: true,
  recycleJitter: true,
  replace: true,
  closeTimeoutMs: true,
  clock: true,
  random: true,
};

const OWN_OPTIONS: Names<Omit<PythonPoolOptions, keyof PythonWorkersOptions | keyof PoolOptions>> = {
  watch: true,
  sessions: true,
};

/** Options that are objects of options. */
const NESTED = {
  sessions: {
    ttlMs: true,
    maxSessions: true,
    sweepIntervalMs: true,
    store: true,
    clock: true,
    onEnd: true,
    onLeak: true,
  },
  limits: { maxFrameBytes: true, maxBufferBytes: true },
  cancelGraces: { interruptMs: true, sigintMs: true, sigtermMs: true, neighboursMs: true },
  env: { inherit: true, set: true },
  rlimits: {
    as: true,
    core: true,
    cpu: true,
    data: true,
    fsize: true,
    memlock: true,
    msgqueue: true,
    nice: true,
    nofile: true,
    nproc: true,
    rss: true,
    rtprio: true,
    rttime: true,
    sigpending: true,
    stack: true,
  },
} satisfies {
  sessions: Names<SessionRegistryOptions>;
  limits: Names<Required<NonNullable<PythonWorkersOptions['limits']>>>;
  cancelGraces: Names<CancelGraces>;
  env: Names<EnvOption>;
  rlimits: Names<Required<RlimitsOption>>;
};

/** What belongs to one call rather than to the pool. */
const OF_CALLS: Names<Omit<PoolCallOptions, keyof PoolOptions | 'meta'>> = {
  deadline: true,
  signal: true,
  priority: true,
  attributes: true,
  idempotent: true,
  into: true,
};

const TOP: readonly string[] = Object.keys({ ...WORKER_OPTIONS, ...POOL_OPTIONS, ...OWN_OPTIONS });

/** Every option that stands within another, by its whole name. */
const WITHIN: ReadonlyMap<string, string> = new Map(
  Object.entries(NESTED).flatMap(([outer, names]) =>
    Object.keys(names).map((name): [string, string] => [name, `${outer}.${name}`]),
  ),
);

/**
 * Refuse what no layer has an option for, before any of them is asked: each knows its own alone, and could name no other that was meant.
 *
 * @throws UsageError `invalid-options`
 */
export function assertOptionNames(options: Readonly<Record<string, unknown>>): void {
  const issues = Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return TOP.includes(name) ? misplacedIn(name, value) : [`${name}: ${unknownAtTop(name)}`];
  });
  if (issues.length === 0) return;
  throw createError({
    code: 'invalid-options',
    message: `Invalid options of a Python pool: ${issues.join('; ')}.`,
    context: { issues },
  });
}

function unknownAtTop(name: string): string {
  if (Object.hasOwn(OF_CALLS, name))
    return `it is an option of a call, pool.call(name, args, { ${name} }), not of the pool`;
  const meant = nearest(name, [...TOP, ...WITHIN.keys()], OTHER_NAMES);
  const inner = meant === undefined || TOP.includes(meant) ? undefined : WITHIN.get(meant);
  if (inner !== undefined) return `there is no such option (did you mean ${inner}?)`;
  return noSuchOption(name, TOP, OTHER_NAMES);
}

/** Options within another that stand beside it; those that stand nowhere are named by the layer that looks at them. */
function misplacedIn(outer: string, value: unknown): string[] {
  const inner: readonly string[] = Object.keys((NESTED as Record<string, object>)[outer] ?? {});
  if (inner.length === 0 || typeof value !== 'object' || value === null) return [];
  return Object.keys(value)
    .filter((name) => !inner.includes(name) && TOP.includes(name))
    .map(
      (name) => `${outer}.${name}: ${name} is an option of the pool: it stands beside ${outer}, not in it`,
    );
}
