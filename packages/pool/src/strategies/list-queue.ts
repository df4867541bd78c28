import { CallList } from '../call/call-list.js';
import type { CallQueue, QueuedCall } from './queue.js';

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
