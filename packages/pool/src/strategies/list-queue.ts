import { CallList } from '../call/call-list.js';
import type { CallQueue, QueuedCall } from './queue.js';

/** Put a call back where it stood by its id: it may have been away for a while, and others have come back meanwhile. Nearly always that is the first place. */
export function putWhereItStood(list: CallList<QueuedCall>, call: QueuedCall): void {
  let behind = list.first;
  while (behind !== undefined && behind.id < call.id) behind = behind.next;
  if (behind === undefined) list.push(call);
  else list.insert(call, behind);
}

/** A queue that is one list served from its head, holding nothing back. Where a call joins is up to the discipline. */
export abstract class ListQueue implements CallQueue {
  protected readonly list = new CallList<QueuedCall>();

  get size(): number {
    return this.list.size;
  }

  get eligible(): number {
    return this.list.size;
  }

  abstract add(call: QueuedCall): void;
  abstract putBack(call: QueuedCall): void;

  mayStart(): boolean {
    return true;
  }

  take(): QueuedCall | undefined {
    return this.list.shift();
  }

  remove(call: QueuedCall): void {
    this.list.remove(call);
  }

  clear(): QueuedCall[] {
    return this.list.clear();
  }

  [Symbol.iterator](): Iterator<QueuedCall> {
    return this.list[Symbol.iterator]();
  }

  started(): void {}

  ended(): void {}
}
