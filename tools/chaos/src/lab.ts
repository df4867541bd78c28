import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  createPythonPool,
  fair,
  fifo,
  hint,
  leastBusy,
  lifo,
  roundRobin,
  strictQueue,
  type Engine,
  type PoolStats,
  type PythonPool,
  type PythonPoolOptions,
} from 'pypool';
import { chooseEngine } from './engine.js';
import { chooseSpeed, sendsAhead, type SpeedChoice } from './speed.js';
import { Faults, type FaultKind } from './faults/faults.js';
import { StartOrders } from './faults/start-orders.js';
import { WorkerEnds } from './faults/worker-ends.js';
import { added, hostState, MARK } from './judge/host-state.js';
import { judge, type Finding } from './judge/checks.js';
import { recover } from './judge/recover.js';
import { LedgerFile } from './ledger/ledger.js';
import { CallRecords } from './load/call-records.js';
import { Inputs } from './load/inputs.js';
import { ImpatientCalls } from './load/impatient-calls.js';
import { Load } from './load/load.js';
import type { Target } from './load/one-call.js';
import { chooseMix, PatientCalls } from './load/patient-calls.js';
import { Random } from './random.js';
import { within } from './within.js';

/** The handlers that the lab calls. */
export const HANDLERS = fileURLToPath(new URL('../python/handlers.py', import.meta.url));

const SIZE = 3;
const NEIGHBOURS_MS = 500;
const OVERFLOW = 1;
const MAX_ATTEMPTS = 3;
const IDLE_TIMEOUT_MS = 200;
const PATIENT_CALLERS = 32;
const IMPATIENT_CALLERS = 6;
/** Longest rest of an impatient caller between two calls: each interrupts a worker, or costs one. Unit: milliseconds. */
const IMPATIENT_REST_MS = 300;

/** In a run of this length some short calls are sent ahead. Unit: seconds. */
const LONG_SECONDS = 20;
/** On a machine that makes fewer, since others have its processors, what takes microseconds takes milliseconds, and is rightly not sent ahead. Unit: calls a second. */
const LIVELY = 500;
/** How long calls may take to settle: their longest budget is 6 s, and a worker's end has its limits. Unit: milliseconds. */
const SETTLE_MS = 12_000;
/** How long the pool may take to close. Unit: milliseconds. */
const CLOSE_MS = 10_000;
/** How long descriptors of ended pipes and killed processes may take to be gone. Unit: milliseconds. */
const GONE_MS = 5_000;
const LOOK_MS = 50;
const PROGRESS_MS = 15_000;

/** How long a run is. It ends with whichever comes first. */
export interface LabOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly calls: number;
  /** How workers run calls. @defaultValue drawn from the seed */
  readonly engine?: Engine | undefined;
  /** What makes calls fast, where it is not to be drawn from the seed. */
  readonly speed?: SpeedChoice;
  /** Longest rest between two faults. Unit: milliseconds. */
  readonly faultRestMs?: number | undefined;
  /** Told what the pool is like, once it serves. */
  readonly onReady?: (about: string) => void;
  /** Told now and then how many calls have been made. */
  readonly onProgress?: (calls: number) => void;
}

/** What a run was, and what the judge found. */
export interface LabResult {
  readonly seed: number;
  readonly pool: string;
  readonly seconds: number;
  readonly calls: CallRecords;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly ends: WorkerEnds;
  readonly stats: PoolStats;
  readonly findings: readonly Finding[];
}

/** Run the lab once: load and faults, then calm, then the close, then the judge. */
export async function runLab(options: LabOptions): Promise<LabResult> {
  const { seed, seconds, calls: maxCalls } = options;
  const mark = randomUUID();
  const uncaught: string[] = [];
  const onUncaught = (error: unknown): void => void uncaught.push(String(error));
  process.on('unhandledRejection', onUncaught);
  process.on('uncaughtException', onUncaught);
  const ledgerFile = new LedgerFile();
  const orders = new StartOrders();
  const never = new AbortController().signal;
  const calls = new CallRecords();
  // A sequence of its own: the other choices of a seed are the same for each engine.
  const chosen = {
    ...poolOptions(Random.of(seed, 1)),
    ...chooseEngine(Random.of(seed, 3), options.engine),
    ...chooseSpeed(seed, options.speed),
  };
  const mix = chooseMix(Random.of(seed, 7), sendsAhead(chosen));
  const before = hostState(mark, never);
  try {
    const pool = await createPythonPool({
      ...chosen,
      // The same for all: else 'auto' would fork none.
      env: { set: { [MARK]: mark, CHAOS_LEDGER: ledgerFile.path, CHAOS_ORDERS: orders.path } },
    });
    pool.on('output', () => undefined); // what dying workers print would drown the table
    const ends = new WorkerEnds(pool);
    const about = `${describe(chosen)}, ${mix} calls`;
    options.onReady?.(about);
    const inputs = new Inputs();
    const places = (SIZE + OVERFLOW) * chosen.concurrency;
    const target: Target = { pool, log: calls, inputs };
    const began = performance.now();

    const overfull: string[] = [];
    const look = setInterval(() => overfull.push(...lookAtPlaces(pool)), LOOK_MS);
    const patient = new PatientCalls(target, never, mix);
    const impatient = new ImpatientCalls(target);
    const load = new Load({
      seed,
      // More than there are places for, or nothing would be sent ahead.
      patient: {
        callers: PATIENT_CALLERS + (mix === 'short' ? places : 0),
        one: (random) => patient.one(random),
      },
      impatient: {
        callers: IMPATIENT_CALLERS,
        restMs: IMPATIENT_REST_MS,
        one: (random) => impatient.one(random),
      },
    });
    const faults = new Faults(target, Random.of(seed, 2), {
      orders,
      restMs: options.faultRestMs,
      hasForkServer: chosen.launcher !== 'spawn',
    });
    let told = began;
    while (performance.now() - began < seconds * 1_000 && calls.made < maxCalls) {
      await wait(20);
      if (performance.now() - told < PROGRESS_MS) continue;
      told = performance.now();
      options.onProgress?.(calls.made);
    }
    // Bounded as everything is here: a promise that never settles is a finding, not the end of the lab.
    await within(SETTLE_MS, Promise.all([faults.stop(), load.stop()]));
    const recovery = await recover(target, { mark, size: SIZE, idleTimeoutMs: IDLE_TIMEOUT_MS });
    clearInterval(look);
    const busySessions = pool.sessions.list().flatMap(({ id, inFlight }) => (inFlight > 0 ? [id] : []));

    const lastCalls = Array.from({ length: 200 }, (_, n) => patient.one(Random.of(seed, 2_000 + n)));
    const closed = await within(CLOSE_MS, pool.close({ timeoutMs: 200 }));
    await within(GONE_MS, Promise.all(lastCalls));
    const ended = performance.now();

    process.off('unhandledRejection', onUncaught);
    process.off('uncaughtException', onUncaught);
    const after = await settledState(mark, never, before);
    const took = (ended - began) / 1_000;
    const stats = pool.stats();
    const ledger = ledgerFile.read();
    const findings = judge({
      calls,
      ledger,
      maxAttempts: MAX_ATTEMPTS,
      counted: stats.calls,
      overfull,
      recovery,
      starts: { failures: ends.failures, reasons: ends.reasons, planted: faults.failingStarts },
      prefetch: {
        // An event loop has so many calls at once that each takes long.
        isDue:
          sendsAhead(chosen) &&
          mix === 'short' &&
          chosen.engine !== 'async' &&
          took >= LONG_SECONDS &&
          calls.made / took >= LIVELY,
        sentAhead: stats.prefetch.sentAhead,
      },
      inputs: inputs.breaches(),
      busySessions,
      uncaught,
      closed,
      before,
      after,
    });
    const done = faults.counts(calls, ledger);
    return { seed, pool: about, seconds: took, calls, faults: done, ends, stats, findings };
  } finally {
    ledgerFile.close();
    orders.close();
    process.off('unhandledRejection', onUncaught);
    process.off('uncaughtException', onUncaught);
  }
}

/** The seed chooses the strategies too. */
function poolOptions(random: Random): PythonPoolOptions {
  return {
    module: HANDLERS,
    name: 'chaos',
    size: SIZE,
    overflow: OVERFLOW,
    minReady: SIZE,
    idleTimeoutMs: IDLE_TIMEOUT_MS,
    maxCalls: random.pick([Infinity, 2_000]),
    maxAttempts: MAX_ATTEMPTS,
    maxQueue: 200,
    selection: random.pick([leastBusy(), roundRobin(), hint(), strictQueue()]),
    queue: random.pick([fifo(), lifo(), fair({ by: (call) => call.session?.id ?? '', limit: 3 })]),
    executionTimeoutMs: 1_000,
    itemTimeoutMs: 1_000,
    checkoutTimeoutMs: 4_000,
    timeoutMs: 6_000,
    startTimeoutMs: 5_000,
    closeTimeoutMs: 2_000,
    heartbeatIntervalMs: 500,
    // Those beside a call on a worker that stands still do so as well.
    cancelGraces: { neighboursMs: NEIGHBOURS_MS },
    random: () => random.next(),
  };
}

function describe(options: PythonPoolOptions): string {
  const { engine, concurrency, selection, queue, maxCalls, launcher, prefetch, sharedMemory } = options;
  return `${SIZE} workers, engine ${engine}, concurrency ${concurrency}, overflow ${OVERFLOW}, selection ${selection?.name}, queue ${queue?.name}, maxCalls ${maxCalls}, launcher ${JSON.stringify(launcher)}, prefetch ${JSON.stringify(prefetch)}, shared memory ${JSON.stringify(sharedMemory)}`;
}

/** What is wrong with who has what, now. */
function lookAtPlaces(pool: PythonPool): string[] {
  const { workers } = pool.status();
  const overfull = workers
    .filter(({ running, concurrency }) => running.length > concurrency)
    .map(
      ({ id, running, concurrency }) => `worker ${id} has ${running.length} calls and ${concurrency} places`,
    );
  const serving = workers.filter(({ state }) => state !== 'retiring').length;
  // One that has had its calls, or was interrupted too often, serves on until its replacement is ready: one at a time.
  const allowed = SIZE + OVERFLOW + 1;
  if (serving > allowed) overfull.push(`${serving} workers, ${allowed} allowed`);
  return overfull;
}

/** What is left a moment later, once the kernel and Node have caught up. */
async function settledState(mark: string, never: AbortSignal, before: ReturnType<typeof hostState>) {
  const deadline = performance.now() + GONE_MS;
  for (;;) {
    const state = hostState(mark, never);
    const isClean = (['processes', 'descriptors', 'resources', 'listeners'] as const).every(
      (what) => added(before[what], state[what]).length === 0,
    );
    if (isClean || performance.now() > deadline) return state;
    await wait(LOOK_MS);
  }
}
