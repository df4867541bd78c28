import { createError } from '@pypool/protocol';

import type { Affinity, AffinityOptions } from './affinity.js';
import { strict } from './strict.js';

/**
 * A session's calls all go to the worker that served its first one, and fail at once with `session-busy` while it is busy. When the
 * worker is gone, one call fails with `session-lost` and the next one binds anew. Steady workers are preferred, as by `strictQueue()`.
 */
export function strictFailFast(options?: AffinityOptions): Affinity {
  return strict('strict-fail-fast', options, (home, sessionId) => {
    throw createError({
      code: 'session-busy',
      message: `Session "${sessionId}" is bound to worker ${home.id}, which runs ${home.inFlight} of at most ${home.concurrency} calls.`,
      context: { sessionId, workerId: home.id, inFlight: home.inFlight, concurrency: home.concurrency },
    });
  });
}
