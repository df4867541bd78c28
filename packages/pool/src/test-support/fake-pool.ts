import { createPool } from '../create-pool.js';
import type { PoolOptions } from '../options/pool-options.js';
import type { Pool } from '../pool.js';
import { FakeClock, flush } from './fake-clock.js';
import { type Facts, FakeFactory } from './fake-worker.js';

/** A pool of fake workers on a fake clock. */
export interface FakePool {
  readonly pool: Pool;
  readonly factory: FakeFactory;
  readonly clock: FakeClock;
}

/** What a test says of its pool. */
export type FakePoolOptions = Partial<Omit<PoolOptions, 'factory' | 'clock'>> & {
  readonly mode?: 'instant' | 'manual';
  readonly concurrency?: number;
  readonly facts?: Facts;
  readonly revokes?: boolean;
};

/** A pool of one worker and no overflow unless told otherwise; with instant starts, its workers are ready. */
export async function fakePool({
  mode = 'instant',
  concurrency = 1,
  facts = [],
  revokes = false,
  prefetch = {},
  ...options
}: FakePoolOptions = {}): Promise<FakePool> {
  const factory = new FakeFactory({ mode, concurrency, facts, revokes });
  const clock = new FakeClock();
  const pool = createPool({ factory, clock, size: 1, overflow: 0, random: () => 0.5, prefetch, ...options });
  await flush();
  return { pool, factory, clock };
}

/** What a promise rejects with. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look at fields of many kinds of errors
export async function rejection(promise: Promise<unknown>): Promise<any> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

/** How promises stand now: their value, the code of their error, or `pending`. */
export async function standings(promises: readonly Promise<unknown>[]): Promise<unknown[]> {
  const standing: unknown[] = promises.map(() => 'pending');
  promises.forEach((promise, at) => {
    promise.then(
      (value) => (standing[at] = value),
      (error: { code?: string }) => (standing[at] = error.code),
    );
  });
  await flush();
  return standing;
}
