import { hasFreePlace, type SelectableWorker, type SelectionStrategy } from './selection.js';

/**
 * The worker with the fewest running calls, steady ones before those above `size` (so that these take what is too much, come to rest and leave); among
 * equals the one that has rested longest (so that light load spreads over all). The default.
 */
export function leastBusy(): SelectionStrategy {
  return {
    name: 'least-busy',
    sendsAhead: true,
    select(_call, workers) {
      let best: SelectableWorker | null = null;
      for (const worker of workers) {
        if (hasFreePlace(worker) && (best === null || goesBefore(worker, best))) best = worker;
      }
      return best;
    },
  };
}

function goesBefore(left: SelectableWorker, right: SelectableWorker): boolean {
  if (left.overflow !== right.overflow) return right.overflow;
  if (left.inFlight !== right.inFlight) return left.inFlight < right.inFlight;
  return left.lastCall < right.lastCall;
}
