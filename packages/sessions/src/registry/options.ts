import { systemClock } from '@pypool/pool';
import type { Clock } from '@pypool/pool';
import { checkOptions, implementing } from '@pypool/protocol';
import { z } from 'zod';

import { memoryStore } from '../store/memory-store.js';
import type { SessionStore } from '../store/store.js';
import type { SessionInfo } from './session.js';

/** Why a session is over: somebody said so, or nothing happened in it for `ttlMs`. */
export type SessionEndReason = 'ended' | 'expired';

/** What a registry needs of time: the pool's clock will do. */
export type SessionClock = Pick<Clock, 'now' | 'epochMs' | 'after'>;

/** How a registry keeps sessions. */
export interface SessionRegistryOptions {
  /**
   * How long a session lives after its last activity. One with calls in flight does not expire.
   * 0: it is over as soon as none is in flight. `Infinity`: it never expires.
   *
   * @defaultValue `3_600_000` (1 h)
   */
  readonly ttlMs?: number;
  /**
   * How many sessions may be open. The limit refuses only ids that are not open: `session-limit`.
   * 0: no session at all. `Infinity`: no limit, and memory grows with the ids.
   *
   * @defaultValue `100_000`
   */
  readonly maxSessions?: number;
  /**
   * How often expired sessions are swept out that nobody asks for. 0 or `Infinity`: never; they are then dropped only when
   * they, the list or their number is asked for, or the limit is reached.
   *
   * @defaultValue `60_000`
   */
  readonly sweepIntervalMs?: number;
  /** Where sessions are kept. @defaultValue `memoryStore()` */
  readonly store?: SessionStore;
  /** @defaultValue the clock of this machine */
  readonly clock?: SessionClock;
  /**
   * Told once for each session that is over, after it is gone from the registry. What it throws is an uncaught exception of its own and
   * disturbs nobody.
   */
  readonly onEnd?: ((session: SessionInfo, reason: SessionEndReason) => void) | undefined;
  /**
   * For applications that end each of their sessions: told of each that expired instead, before `onEnd`, and where it was opened, as lines of a
   * stack. Without it no stack is taken, which costs some 10 µs and 1 KB for each session. What it throws is an uncaught exception of its own.
   */
  readonly onLeak?: ((session: SessionInfo, stack: string) => void) | undefined;
}

/** {@link SessionRegistryOptions} with every default filled in. */
export interface ResolvedSessionRegistryOptions extends Required<
  Omit<SessionRegistryOptions, 'onEnd' | 'onLeak'>
> {
  readonly onEnd: ((session: SessionInfo, reason: SessionEndReason) => void) | undefined;
  readonly onLeak: ((session: SessionInfo, stack: string) => void) | undefined;
}

const milliseconds = z.union([z.number().min(0), z.literal(Infinity)], {
  error: 'expected a number of milliseconds of at least 0, or Infinity',
});

const aFunction = z.custom((value) => typeof value === 'function', 'expected a function');

/** What checks {@link SessionRegistryOptions}. */
export const registrySchema = z.strictObject({
  ttlMs: milliseconds.optional(),
  maxSessions: z
    .union([z.int().min(0), z.literal(Infinity)], {
      error: 'expected a whole number of at least 0, or Infinity',
    })
    .optional(),
  sweepIntervalMs: milliseconds.optional(),
  store: z.custom(...implementing('get', 'set', 'delete', 'values')).optional(),
  clock: z.custom(...implementing('now', 'epochMs', 'after')).optional(),
  onEnd: aFunction.optional(),
  onLeak: aFunction.optional(),
} satisfies Record<keyof SessionRegistryOptions, z.ZodType>);

/**
 * Check options and fill in what was left out.
 *
 * @throws UsageError `invalid-options` that names every wrong or unknown one.
 */
export function resolveSessionRegistryOptions(
  options: SessionRegistryOptions = {},
): ResolvedSessionRegistryOptions {
  checkOptions('the sessions', registrySchema, options);
  return Object.freeze({
    ttlMs: options.ttlMs ?? 3_600_000,
    maxSessions: options.maxSessions ?? 100_000,
    sweepIntervalMs: options.sweepIntervalMs ?? 60_000,
    store: options.store ?? memoryStore(),
    clock: options.clock ?? systemClock,
    onEnd: options.onEnd,
    onLeak: options.onLeak,
  });
}
