import { checkOptions } from '@pypool/protocol';
import { z } from 'zod';

import { CallList } from '../call/call-list.js';
import { putWhereItStood } from './list-queue.js';
import type { CallQueue, QueueDiscipline, QueuedCall } from './queue.js';

/** How strict {@link priority} is. */
export interface PriorityOptions {
  /**
   * Whether short calls may be sent ahead (the pool's `prefetch`), which makes many of them at once cheaper. A call of a higher priority then waits
   * also for calls of lower ones that a worker has already: for about a millisecond of work. And one that was sent ahead stays with its worker while
   * another begins with calls of lower ones; what has waited there for `prefetch.takeBackAfterMs` is asked back. Those that wait in the queue stand in
   * the order of their priorities in either case.
   *
   * @defaultValue `false`: whenever a place becomes free, it is for the highest priority there is
   */
  readonly sendsAhead?: boolean;
}

const schema = z.strictObject({
  sendsAhead: z.boolean().optional(),
} satisfies Record<keyof PriorityOptions, z.ZodType>);

/**
 * Higher `priority` first (0 unless given), equals in the order they came. Low priorities starve while higher ones keep coming.
 *
 * @throws UsageError `invalid-options`
 */
export function priority(options: PriorityOptions = {}): QueueDiscipline {
  const { sendsAhead = false } = checkOptions('priority()', schema, options);
  return { name: 'priority', usesPriority: true, sendsAhead, create: () => new PriorityQueue() };
}

/**
 * A list for each priority in use, and a heap of those priorities. A list that was emptied by aborts stays until it comes to the top of the heap
 * or until empty ones outnumber the calls, so that no abort has to search.
 */
class PriorityQueue implements CallQueue {
  readonly #lists = new Map<number, CallList<QueuedCall>>();
  readonly #heap: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get eligible(): number {
    return this.#size;
  }

  mayStart(): boolean {
    return true;
  }

  add(call: QueuedCall): void {
    this.#listOf(call.priority).push(call);
    this.#size += 1;
  }

  putBack(call: QueuedCall): void {
    putWhereItStood(this.#listOf(call.priority), call);
    this.#size += 1;
  }

  take(): QueuedCall | undefined {
    if (this.#size === 0) return undefined;
    let call = this.#lists.get(this.#heap[0]!)!.shift();
    while (call === undefined) {
      this.#dropTop();
      call = this.#lists.get(this.#heap[0]!)!.shift();
    }
    this.#size -= 1;
    return call;
  }

  remove(call: QueuedCall): void {
    if (!this.#lists.get(call.priority)!.remove(call)) return;
    this.#size -= 1;
    if (this.#heap.length > 2 * this.#size + SPARE_LISTS) this.#dropEmpty();
  }

  clear(): QueuedCall[] {
    const calls: QueuedCall[] = [];
    for (let call = this.take(); call !== undefined; call = this.take()) calls.push(call);
    return calls;
  }

  *[Symbol.iterator](): Iterator<QueuedCall> {
    for (const priority of [...this.#heap].sort((a, b) => b - a)) yield* this.#lists.get(priority)!;
  }

  started(): void {}

  ended(): void {}

  #listOf(priority: number): CallList<QueuedCall> {
    let list = this.#lists.get(priority);
    if (list === undefined) {
      list = new CallList();
      this.#lists.set(priority, list);
      this.#heap.push(priority);
      this.#siftUp(this.#heap.length - 1);
    }
    return list;
  }

  #dropTop(): void {
    this.#lists.delete(this.#heap[0]!);
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown();
  }

  #dropEmpty(): void {
    for (const [priority, list] of this.#lists) if (list.size === 0) this.#lists.delete(priority);
    // Descending order is a heap.
    this.#heap.splice(0, this.#heap.length, ...[...this.#lists.keys()].sort((a, b) => b - a));
  }

  #siftUp(at: number): void {
    const heap = this.#heap;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! >= heap[at]!) return;
      [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
      at = parent;
    }
  }

  #siftDown(): void {
    const heap = this.#heap;
    for (let at = 0; ;) {
      let largest = at;
      for (let child = 2 * at + 1; child <= 2 * at + 2 && child < heap.length; child += 1) {
        if (heap[child]! > heap[largest]!) largest = child;
      }
      if (largest === at) return;
      [heap[largest], heap[at]] = [heap[at]!, heap[largest]!];
      at = largest;
    }
  }
}

/** Empty lists that are kept anyway: priorities in use come back. */
const SPARE_LISTS = 64;
