import { ListQueue } from './list-queue.js';
import type { QueueDiscipline, QueuedCall } from './queue.js';

/** First in, first out. The default. */
export function fifo(): QueueDiscipline {
  return { name: 'fifo', usesPriority: false, sendsAhead: true, create: () => new Fifo() };
}

class Fifo extends ListQueue {
  add(call: QueuedCall): void {
    this.list.push(call);
  }

  /** Where it stood: it may have been away for a while, and others have come back meanwhile. Nearly always that is the first place. */
  putBack(call: QueuedCall): void {
    let behind = this.list.first;
    while (behind !== undefined && behind.id < call.id) behind = behind.next;
    if (behind === undefined) this.list.push(call);
    else this.list.insert(call, behind);
  }
}
