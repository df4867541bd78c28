import type { SelectionStrategy } from '@pypool/pool';

/**
 * A selection strategy that remembers which worker a session was served by. Without one a session binds nothing.
 *
 * Calls without a session are selected as if there were no affinity. One object serves one pool.
 */
export interface Affinity extends SelectionStrategy {
  /** How many sessions are bound. */
  readonly bindings: number;
  /** Forget what a session is bound to: its next call binds anew. A session pool says so of every session that is over. */
  release(sessionId: string): void;
}

/** What the three affinities have in common. */
export interface AffinityOptions {
  /** Selects for calls without a session, and for a session's first call. @defaultValue `leastBusy()` */
  readonly otherwise?: SelectionStrategy;
  /**
   * How many sessions are remembered at most; one more and the one that has rested longest is forgotten, and binds anew.
   * `Infinity`: no limit, and memory grows with the ids. At least 1.
   *
   * @defaultValue `100_000`
   */
  readonly maxBindings?: number;
}

/** Whether a selection strategy is one of these, and so wants to hear of sessions that are over. */
export function isAffinity(strategy: SelectionStrategy | undefined): strategy is Affinity {
  return strategy !== undefined && 'release' in strategy && 'bindings' in strategy;
}
