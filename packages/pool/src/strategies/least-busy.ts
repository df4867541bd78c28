import { hasFreePlace, type SelectableWorker, type SelectionStrategy } from './selection.js';

/**
 * The worker with the fewest running calls; among equals a steady one before one above `size` (so that those come to rest and leave),
 * and then the one that has rested longest (so that light load spreads over all). The default.
 */
export function leastBusy(): SelectionStrategy {
  return {
    name: 'least-busy',
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
  if (left.inFlight !== right.inFlight) return left.inFlight < right.inFlight;
  if (left.overflow !== right.overflow) return right.overflow;
  return left.lastCall < right.lastCall;
}
