import type { PoolStatus } from '@pypool/pool';
import {
  metrics,
  type BatchObservableResult,
  type Meter,
  type MeterProvider,
  type Observable,
} from '@opentelemetry/api';

import { checkOptions } from '../check-options.js';
import type { ObservablePool } from '../observable-pool.js';
import { ATTR, METRIC, SCOPE_NAME } from '../semconv.js';
import { CallMeter } from './call-meter.js';
import { residentBytes } from './resident-memory.js';
import { measureWorkers } from './worker-meter.js';

/** How a pool is measured. */
export interface MetricOptions {
  /** Where metrics go. @defaultValue the global one */
  readonly meterProvider?: MeterProvider;
}

/**
 * Measure a pool: its calls and the lives of its workers as they happen, and how it stands whenever a reader asks. No label names a worker, a session or
 * anything that a caller made up.
 *
 * @returns ends it
 * @throws UsageError `invalid-options`
 */
export function measurePool(pool: ObservablePool, options: MetricOptions = {}): () => void {
  checkOptions('measurePool()', options, { meterProvider: 'object' });
  const meter = (options.meterProvider ?? metrics).getMeter(SCOPE_NAME);
  const calls = new CallMeter(pool.name, meter);
  const ends = [pool.observe(calls), measureWorkers(pool, meter), observeStanding(pool, meter, calls)];
  return () => {
    for (const end of ends) end();
    calls.end();
  };
}

/** What is asked for rather than told: one look at the pool for all of it. */
function observeStanding(pool: ObservablePool, meter: Meter, calls: CallMeter): () => void {
  const ofPool = { [ATTR.POOL_NAME]: pool.name };
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableUpDownCounter(name, { unit, description });
  const counter = (name: string, unit: string, description: string) =>
    meter.createObservableCounter(name, { unit, description });
  const callCount = counter(METRIC.CALL_COUNT, '{call}', 'Calls and streams that ended, by how.');
  const retries = counter(METRIC.CALL_RETRIES, '{attempt}', 'Attempts beyond the first of a call.');
  const takenBack = counter(
    METRIC.PREFETCH_TAKEN_BACK,
    '{call}',
    'Calls that were sent ahead and taken back.',
  );
  const depth = gauge(METRIC.QUEUE_DEPTH, '{call}', 'Calls that wait.');
  const workers = gauge(METRIC.WORKER_COUNT, '{worker}', 'Workers, by what they are at.');
  const least = gauge(METRIC.WORKER_MIN, '{worker}', 'Steady workers.');
  const most = gauge(METRIC.WORKER_MAX, '{worker}', 'Workers that there may be, those under load included.');
  const memory = gauge(METRIC.WORKER_MEMORY, 'By', 'Resident memory of the processes of all workers.');
  const shared = gauge(
    METRIC.SHARED_MEMORY,
    'By',
    'Memory that workers share with Node for large arguments and results.',
  );
  const sessions = gauge(METRIC.SESSION_COUNT, '{session}', 'Sessions that are open.');

  // What was told once is told always, with nothing where no worker is left: an SDK reports on what it heard last.
  let sharedBytes: Readonly<Record<string, number>> | undefined;
  let resident: number | undefined;
  const look = async (result: BatchObservableResult): Promise<void> => {
    const status = pool.status();
    const stats = pool.stats();
    const tell = (instrument: Observable, value: number) => result.observe(instrument, value, ofPool);
    calls.record();
    calls.observe({ observe: (count, attributes) => result.observe(callCount, count, attributes) });
    tell(retries, stats.calls.retried);
    tell(takenBack, stats.prefetch.takenBack);
    tell(depth, status.queued);
    tell(least, status.size);
    tell(most, status.size + status.overflow);
    for (const [state, count] of Object.entries(workersByState(status))) {
      result.observe(workers, count, { ...ofPool, [ATTR.WORKER_STATE]: state });
    }
    sharedBytes = sharedByState(status) ?? (sharedBytes && NONE_SHARED);
    for (const [state, bytes] of Object.entries(sharedBytes ?? {})) {
      result.observe(shared, bytes, { ...ofPool, [ATTR.SHARED_MEMORY_STATE]: state });
    }
    // A list is a copy of them all: for each reader, at each look.
    if (pool.sessions !== undefined) tell(sessions, pool.sessions.size ?? pool.sessions.list().length);
    resident = (await residentBytes(status.workers)) ?? (resident && 0);
    if (resident !== undefined) tell(memory, resident);
  };
  const all = [callCount, retries, takenBack, depth, workers, least, most, memory, shared, sessions];
  meter.addBatchObservableCallback(look, all);
  return () => meter.removeBatchObservableCallback(look, all);
}

const NONE_SHARED = { used: 0, free: 0 };

/** All states, also those that no worker is in: a series that comes and goes cannot be alerted on. */
function workersByState({ workers }: PoolStatus): Record<string, number> {
  const counts = { starting: 0, idle: 0, busy: 0, retiring: 0 };
  for (const { state, running } of workers) {
    counts[state === 'ready' ? (running.length > 0 ? 'busy' : 'idle') : state] += 1;
  }
  return counts;
}

/** In which something lies, and the rest. `undefined` where no worker can share any. */
function sharedByState({ workers }: PoolStatus): Record<string, number> | undefined {
  const uses = workers.map(({ sharedMemory }) => sharedMemory).filter((use) => use !== undefined);
  if (uses.length === 0) return undefined;
  let [used, free] = [0, 0];
  for (const { bytes, usedBytes } of uses) {
    used += usedBytes;
    free += bytes - usedBytes;
  }
  return { used, free };
}
