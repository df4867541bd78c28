import { hasFreePlace } from '@pypool/pool';
import type { SelectableWorker } from '@pypool/pool';
import { createError } from '@pypool/protocol';

import type { Affinity, AffinityOptions } from './affinity.js';
import { resolveAffinityOptions } from './options.js';

/**
 * A session's calls all go to the worker that served its first one, for state that lives in that worker. When the worker is gone, one
 * call of the session is told so (`session-lost`), and the next one binds anew.
 *
 * @param whileBusy decides what becomes of a call whose worker has no free place: return the worker to wait for it, or throw.
 */
export function strict(
  name: string,
  options: AffinityOptions | undefined,
  whileBusy: (home: SelectableWorker, sessionId: string) => SelectableWorker,
): Affinity {
  const { otherwise, bindings } = resolveAffinityOptions(options);
  return {
    name,
    get bindings() {
      return bindings.size;
    },
    release: (sessionId) => bindings.release(sessionId),
    select(call, workers) {
      const sessionId = call.meta?.session?.id;
      if (sessionId === undefined) return otherwise.select(call, workers);
      const homeId = bindings.workerOf(sessionId);
      if (homeId === undefined) {
        const chosen = otherwise.select(call, candidates(workers));
        // A call that is queued binds when its turn comes: this is asked again then.
        if (chosen !== null && hasFreePlace(chosen)) bindings.bind(sessionId, chosen.id);
        return chosen;
      }
      const home = workers.find(({ id }) => id === homeId);
      if (home === undefined) {
        bindings.release(sessionId);
        throw createError({
          code: 'session-lost',
          message:
            `Session "${sessionId}" was bound to worker ${homeId}, which is gone, and with it whatever state the session had there. ` +
            'Its next call binds it to another worker.',
          context: { sessionId, workerId: homeId },
        });
      }
      bindings.bind(sessionId, homeId);
      return hasFreePlace(home) ? home : whileBusy(home, sessionId);
    },
  };
}

/**
 * Workers that a session may be bound to: where a steady one is free, no overflow, which would leave when it has rested and take the session's
 * state along.
 */
function candidates(workers: readonly SelectableWorker[]): readonly SelectableWorker[] {
  const steady = workers.filter((worker) => !worker.overflow && hasFreePlace(worker));
  return steady.length > 0 ? steady : workers;
}
