import { z } from 'zod';

/**
 * How far a pool sends a worker its next calls before it has answered those that it runs, so that it does not idle for a round trip between two short
 * calls. It goes by what calls of a function took until now: about a millisecond of work waits at a worker at most, and nothing behind a call of a
 * function that takes longer, or that has not been measured yet.
 *
 * A call that was sent ahead has not begun. Its budgets count as if it waited in the queue, and it goes back to its place there when the calls before it
 * take longer than expected.
 */
export interface PrefetchOptions {
  /** Calls that may be sent ahead to one worker, whatever they take. At least 1. `Infinity`: no limit. @defaultValue `64` */
  readonly maxCalls?: number;
  /**
   * Bytes of arguments that may be sent ahead to one worker: strings, buffers and about 8 for everything else. Above 0. `Infinity`: no limit, and nothing is
   * weighed.
   *
   * @defaultValue `65_536`
   */
  readonly maxBytes?: number;
  /**
   * How long a call that was sent ahead may wait to begin before it is taken back, with all others that the worker has not begun. So much later than others
   * a call may begin that came before them, and by as much again each time that it is sent ahead once more. Above 0. `Infinity`: never.
   *
   * @defaultValue `10`
   */
  readonly takeBackAfterMs?: number;
}

/** {@link PrefetchOptions} with nothing left open; `false` where nothing is sent ahead. */
export type ResolvedPrefetch = false | Required<PrefetchOptions>;

const above0 = z.number().positive().or(z.literal(Infinity));

export const prefetchSchema = z.literal(false).or(
  z.strictObject({
    maxCalls: z.int().min(1).or(z.literal(Infinity)).optional(),
    maxBytes: above0.optional(),
    takeBackAfterMs: above0.optional(),
  } satisfies Record<keyof PrefetchOptions, z.ZodType>),
);

/** Fill in what was left out. */
export function resolvePrefetch(prefetch: false | PrefetchOptions = {}): ResolvedPrefetch {
  if (prefetch === false) return false;
  const { maxCalls = 64, maxBytes = 65_536, takeBackAfterMs = 10 } = prefetch;
  return Object.freeze({ maxCalls, maxBytes, takeBackAfterMs });
}
