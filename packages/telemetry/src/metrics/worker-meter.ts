import type { PoolEvents } from '@pypool/pool';
import type { Meter } from '@opentelemetry/api';

import { errorTypeOf } from '../error-type.js';
import type { ObservablePool } from '../observable-pool.js';
import { ATTR, CREATE_BUCKETS, METRIC } from '../semconv.js';

/**
 * Count starts and ends of workers, as they happen.
 *
 * @returns ends it
 */
export function measureWorkers(
  pool: Pick<ObservablePool, 'name' | 'on' | 'off' | 'status'>,
  meter: Meter,
): () => void {
  const ofPool = { [ATTR.POOL_NAME]: pool.name };
  const starts = meter.createCounter(METRIC.WORKER_STARTS, {
    description: 'Starts of workers that came to an end, good or bad.',
    unit: '{start}',
  });
  const createTime = meter.createHistogram(METRIC.WORKER_CREATE_TIME, {
    description: 'How long starts of workers took, imports included.',
    unit: 's',
    advice: { explicitBucketBoundaries: CREATE_BUCKETS },
  });
  const exits = meter.createCounter(METRIC.WORKER_EXITS, {
    description: 'Workers that ended, by why they left.',
    unit: '{exit}',
  });
  /** Of workers that are leaving. */
  const reasons = new Map<string, string>();
  for (const { id, reason } of pool.status().workers) if (reason !== undefined) reasons.set(id, reason);

  const onReady = ({ startMs }: PoolEvents['worker-ready']): void => {
    starts.add(1, ofPool);
    createTime.record(startMs / 1000, ofPool);
  };
  const onStartFailed = ({ startMs, error }: PoolEvents['worker-start-failed']): void => {
    const attributes = { ...ofPool, [ATTR.ERROR_TYPE]: errorTypeOf(error) };
    starts.add(1, attributes);
    createTime.record(startMs / 1000, attributes);
  };
  const onRetiring = ({ workerId, reason }: PoolEvents['worker-retiring']): void => {
    reasons.set(workerId, reason);
  };
  const onExit = ({ workerId, exit }: PoolEvents['worker-exit']): void => {
    const reason = reasons.get(workerId) ?? exit.reason;
    reasons.delete(workerId);
    exits.add(1, { ...ofPool, [ATTR.EXIT_REASON]: reason });
  };
  pool.on('worker-ready', onReady);
  pool.on('worker-start-failed', onStartFailed);
  pool.on('worker-retiring', onRetiring);
  pool.on('worker-exit', onExit);
  return () => {
    pool.off('worker-ready', onReady);
    pool.off('worker-start-failed', onStartFailed);
    pool.off('worker-retiring', onRetiring);
    pool.off('worker-exit', onExit);
  };
}
