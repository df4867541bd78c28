import type { SessionRecord } from '../registry/session.js';

/**
 * Where a registry keeps its sessions.
 *
 * Synchronous on purpose: a call under a session must not wait for a store. A store that shares sessions beyond this process keeps
 * them in memory too and mirrors what `set` and `delete` tell it in its own time, handling its own failures.
 *
 * A store belongs to one registry. It keeps the very objects it is given (the registry changes them in place and says so with `set`),
 * and knows nothing of time, limits or calls. None of its methods throws. Implementations pass `sessionStoreConformance()` from
 * `@pypool/sessions/testing`.
 */
export interface SessionStore {
  /** How many sessions it holds. */
  readonly size: number;
  /** The very object that was last `set` under this id. */
  get(id: string): SessionRecord | undefined;
  /** Keep this session, or take note that it changed. Runs twice for each call: the hot path. */
  set(record: SessionRecord): void;
  /** Forget it; a no-op for one it does not hold. */
  delete(id: string): void;
  /** Every session once. The registry may `delete` the one it is at while it iterates. */
  values(): Iterable<SessionRecord>;
}
