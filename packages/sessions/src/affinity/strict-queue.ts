import type { Affinity, AffinityOptions } from './affinity.js';
import { strict } from './strict.js';

/**
 * A session's calls all go to the worker that served its first one, and wait for it while it is busy, in order, holding up no other
 * session. When the worker is gone, one call fails with `session-lost` and the next one binds anew.
 *
 * A steady worker is preferred. Where only one above the pool's `size` is free, the session is bound to that, and loses it when it has rested for
 * `idleTimeoutMs`: `overflow: 0`, or `idleTimeoutMs: Infinity`, keeps every worker.
 */
export function strictQueue(options?: AffinityOptions): Affinity {
  return strict('strict-queue', options, (home) => home);
}
