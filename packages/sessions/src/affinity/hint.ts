import { hasFreePlace } from '@pypool/pool';

import type { Affinity, AffinityOptions } from './affinity.js';
import { resolveAffinityOptions } from './options.js';

/**
 * A session's calls go to the worker that served its first one while that is free, and to any other while it is not. Nothing waits
 * and nothing fails for it: for caches that are better warm. When the worker is gone, the session is bound anew.
 */
export function hint(options?: AffinityOptions): Affinity {
  const { otherwise, bindings } = resolveAffinityOptions(options);
  return {
    name: 'hint',
    get bindings() {
      return bindings.size;
    },
    release: (sessionId) => bindings.release(sessionId),
    select(call, workers) {
      const sessionId = call.meta?.session?.id;
      if (sessionId === undefined) return otherwise.select(call, workers);
      const homeId = bindings.workerOf(sessionId);
      const home = homeId === undefined ? undefined : workers.find(({ id }) => id === homeId);
      const chosen = home !== undefined && hasFreePlace(home) ? home : otherwise.select(call, workers);
      // Where it is only busy, home stays home. A worker without a free place has not served the call yet.
      if (chosen !== null && hasFreePlace(chosen)) bindings.bind(sessionId, (home ?? chosen).id);
      return chosen;
    },
  };
}
