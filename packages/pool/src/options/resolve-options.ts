import { checkOptions, implementing } from '@pypool/protocol';
import { z } from 'zod';

import { systemClock } from '../clock/system-clock.js';
import { fifo } from '../strategies/fifo.js';
import { leastBusy } from '../strategies/least-busy.js';
import { prefetchSchema, resolvePrefetch } from './prefetch-options.js';
import type { PoolOptions, ResolvedPoolOptions } from './pool-options.js';

const count = z.int().min(0);
const countOrMore = (least: number) => z.int().min(least).or(z.literal(Infinity));
const milliseconds = z.number().min(0).or(z.literal(Infinity));
const limit = z.number().positive().or(z.literal(Infinity));
const aFunction = z.custom<(...args: never) => unknown>(
  (value) => typeof value === 'function',
  'expected a function',
);
const schema = z
  .strictObject({
    factory: z.custom(...implementing('start', 'close')),
    size: count,
    name: z.string().min(1).optional(),
    overflow: count.optional(),
    idleTimeoutMs: milliseconds.optional(),
    start: z.enum(['eager', 'background', 'lazy']).optional(),
    minReady: count.optional(),
    maxQueue: countOrMore(0).optional(),
    maxQueueBytes: countOrMore(0).optional(),
    prefetch: prefetchSchema.optional(),
    timeoutMs: milliseconds.optional(),
    checkoutTimeoutMs: milliseconds.optional(),
    executionTimeoutMs: milliseconds.optional(),
    itemTimeoutMs: milliseconds.optional(),
    startTimeoutMs: z.number().positive().or(z.literal(Infinity)).optional(),
    maxAttempts: countOrMore(1).optional(),
    startBackoffMs: z.number().positive().optional(),
    maxStartBackoffMs: z.number().positive().optional(),
    maxStartFailures: countOrMore(1).optional(),
    startConcurrency: countOrMore(1).optional(),
    selection: z.custom(...implementing('select')).optional(),
    queue: z.custom(...implementing('create')).optional(),
    minIdle: count.optional(),
    maxCalls: countOrMore(1).optional(),
    maxAgeMs: limit.optional(),
    maxMemoryBytes: limit.optional(),
    hardMaxMemoryBytes: limit.optional(),
    memoryIntervalMs: z.number().positive().optional(),
    recycleJitter: z.number().min(0).max(1).optional(),
    replace: z.enum(['before', 'after']).optional(),
    leakAfterMs: milliseconds.optional(),
    closeTimeoutMs: milliseconds.optional(),
    clock: z.custom(...implementing('now', 'epochMs', 'after', 'afterInput', 'hold')).optional(),
    random: aFunction.optional(),
  } satisfies Record<keyof PoolOptions, z.ZodType>)
  .refine(({ size, overflow }) => size + (overflow ?? 2) > 0, {
    path: ['overflow'],
    error: 'size 0 and overflow 0 leave room for no worker: raise either',
  })
  .refine(({ size, overflow, minReady }) => (minReady ?? 1) <= size + (overflow ?? 2), {
    path: ['minReady'],
    error: 'more than size + overflow workers never exist',
  })
  .refine(({ size, overflow, minIdle }) => (minIdle ?? 0) <= size + (overflow ?? 2), {
    path: ['minIdle'],
    error: 'more than size + overflow workers never exist',
  })
  .refine(
    ({ maxMemoryBytes, hardMaxMemoryBytes }) =>
      (maxMemoryBytes ?? Infinity) === Infinity || maxMemoryBytes! <= (hardMaxMemoryBytes ?? Infinity),
    { path: ['hardMaxMemoryBytes'], error: 'below maxMemoryBytes it would leave that nothing to do' },
  );

/**
 * Check options and fill in what was left out.
 *
 * @throws UsageError `invalid-options` that names every wrong or unknown one.
 */
export function resolvePoolOptions(options: PoolOptions): ResolvedPoolOptions {
  checkOptions('the pool', schema, options);
  return Object.freeze({
    factory: options.factory,
    size: options.size,
    name: options.name ?? 'pool',
    overflow: options.overflow ?? 2,
    idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
    start: options.start ?? 'eager',
    minReady: options.minReady ?? 1,
    maxQueue: options.maxQueue ?? 1000,
    maxQueueBytes: options.maxQueueBytes ?? Infinity,
    prefetch: resolvePrefetch(options.prefetch),
    timeoutMs: options.timeoutMs ?? 60_000,
    checkoutTimeoutMs: options.checkoutTimeoutMs ?? 10_000,
    executionTimeoutMs: options.executionTimeoutMs ?? 45_000,
    itemTimeoutMs: options.itemTimeoutMs ?? Infinity,
    startTimeoutMs: options.startTimeoutMs ?? 120_000,
    maxAttempts: options.maxAttempts ?? 3,
    startBackoffMs: options.startBackoffMs ?? 100,
    maxStartBackoffMs: options.maxStartBackoffMs ?? 30_000,
    maxStartFailures: options.maxStartFailures ?? 3,
    startConcurrency: options.startConcurrency ?? 8,
    selection: options.selection ?? leastBusy(),
    queue: options.queue ?? fifo(),
    minIdle: options.minIdle ?? 0,
    maxCalls: options.maxCalls ?? Infinity,
    maxAgeMs: options.maxAgeMs ?? Infinity,
    maxMemoryBytes: options.maxMemoryBytes ?? Infinity,
    hardMaxMemoryBytes: options.hardMaxMemoryBytes ?? Infinity,
    memoryIntervalMs: options.memoryIntervalMs ?? 1_000,
    recycleJitter: options.recycleJitter ?? 0.1,
    replace: options.replace ?? 'before',
    leakAfterMs: options.leakAfterMs ?? 300_000,
    closeTimeoutMs: options.closeTimeoutMs ?? 10_000,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  });
}
