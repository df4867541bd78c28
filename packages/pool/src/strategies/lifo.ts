import { ListQueue } from './list-queue.js';
import type { QueueDiscipline, QueuedCall } from './queue.js';

/**
 * Last in, first out: under overload the newest callers, who are most likely to be waiting still, are served, and the oldest run out
 * of their time.
 */
export function lifo(): QueueDiscipline {
  return { name: 'lifo', usesPriority: false, create: () => new Lifo() };
}

class Lifo extends ListQueue {
  add(call: QueuedCall): void {
    this.list.unshift(call);
  }

  putBack(call: QueuedCall): void {
    this.list.unshift(call);
  }
}
