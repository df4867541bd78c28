import { ListQueue, putWhereItStood } from './list-queue.js';
import type { QueueDiscipline, QueuedCall } from './queue.js';

/** First in, first out. The default. */
export function fifo(): QueueDiscipline {
  return { name: 'fifo', usesPriority: false, sendsAhead: true, create: () => new Fifo() };
}

class Fifo extends ListQueue {
  add(call: QueuedCall): void {
    this.list.push(call);
  }

  putBack(call: QueuedCall): void {
    putWhereItStood(this.list, call);
  }
}
