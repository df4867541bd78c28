import type { Attempt } from '../../call/attempt.js';
import type { PoolCore } from '../../pool-core.js';
import type { QueuedCall } from '../../strategies/queue.js';
import { hold } from './broken.js';

/**
 * Whoever is given to a worker, to run or ahead, goes before all that wait in the queue, and these stand as the discipline says, also those that came back.
 *
 * Not those who waited aside: for a certain worker, or for others of their function to end.
 *
 * @throws Broken
 */
export function whoIsGivenIsFirst(
  { calls, options: { queue, selection } }: PoolCore,
  { call }: Attempt,
): void {
  if (queue.name !== 'fifo' && queue.name !== 'priority') return;
  let before: QueuedCall = call;
  if (selection.name === 'sticky' || calls.limits.has(call.name)) before = [...calls.queue][0] ?? call;
  for (const waits of calls.queue) {
    if (waits === before) continue;
    const isBehind =
      waits.priority === before.priority ? waits.id > before.id : waits.priority < before.priority;
    hold(
      isBehind,
      () =>
        `call ${waits.id} of priority ${waits.priority} waits behind ${before.id} of priority ${before.priority}`,
    );
    before = waits;
  }
}
