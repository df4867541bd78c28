import { hasFreePlace, type SelectableWorker, type SelectionStrategy } from './selection.js';

/**
 * Each worker in turn, by slot, skipping those without a free place. Workers above `size` take their turn like the rest, so they
 * leave only when the pool as a whole has rested for `idleTimeoutMs`.
 */
export function roundRobin(): SelectionStrategy {
  let lastSlot = -1;
  return {
    name: 'round-robin',
    sendsAhead: true,
    select(_call, workers) {
      let first: SelectableWorker | null = null;
      let next: SelectableWorker | null = null;
      for (const worker of workers) {
        if (!hasFreePlace(worker)) continue;
        first ??= worker;
        if (worker.slot > lastSlot) {
          next = worker;
          break;
        }
      }
      const chosen = next ?? first;
      if (chosen !== null) lastSlot = chosen.slot;
      return chosen;
    },
  };
}
