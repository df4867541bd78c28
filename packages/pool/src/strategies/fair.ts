import { checkOptions } from '@pypool/protocol';
import { z } from 'zod';

import { CallList } from '../call/call-list.js';
import type { CallQueue, QueueDiscipline, QueuedCall } from './queue.js';

/** How {@link fair} tells callers apart and bounds them. */
export interface FairOptions {
  /** What calls are told apart by, for example `(call) => call.attributes?.tenant`. Compared as a `Map` compares keys. */
  readonly by: (call: QueuedCall) => unknown;
  /**
   * Most calls of one key that run at once; further ones wait even where workers are idle. At least 1; `Infinity`: no limit. A call that
   * a selection strategy has bound to a worker counts but is not held back.
   *
   * @defaultValue `Infinity`
   */
  readonly limit?: number;
}

const schema = z.strictObject({
  by: z.custom((value) => typeof value === 'function', 'expected a function of the call'),
  limit: z
    .union([z.int().min(1), z.literal(Infinity)], {
      error: 'expected a whole number of at least 1, or Infinity',
    })
    .optional(),
} satisfies Record<keyof FairOptions, z.ZodType>);

/**
 * One call of each key in turn, so that a key with a thousand calls delays another's single call by one. Within a key: first in,
 * first out.
 *
 * @throws UsageError `invalid-options` without `by`, or for a limit that is not a whole number of at least 1.
 */
export function fair(options: FairOptions): QueueDiscipline {
  const { by, limit = Infinity } = checkOptions('fair()', schema, options);
  return { name: 'fair', usesPriority: false, create: () => new FairQueue(by, limit) };
}

/** The calls of one key. */
class Lane {
  readonly waiting = new CallList<QueuedCall>();
  running = 0;
  /** Links of the rotation. */
  previous: Lane | undefined;
  next: Lane | undefined;
  list: object | undefined;

  constructor(readonly key: unknown) {}
}

/** Lanes that have a call to start stand in a rotation; a lane at its limit leaves it until one of its calls has ended. */
class FairQueue implements CallQueue {
  readonly #lanes = new Map<unknown, Lane>();
  readonly #rotation = new CallList<Lane>();
  #size = 0;
  #eligible = 0;

  constructor(
    readonly by: (call: QueuedCall) => unknown,
    readonly limit: number,
  ) {}

  get size(): number {
    return this.#size;
  }

  get eligible(): number {
    return this.#eligible;
  }

  mayStart(call: QueuedCall): boolean {
    const lane = this.#lanes.get(this.#keyOf(call));
    return lane === undefined || lane.running < this.limit;
  }

  add(call: QueuedCall): void {
    this.#change(call, (lane) => lane.waiting.push(call));
    this.#size += 1;
  }

  putBack(call: QueuedCall): void {
    this.#change(call, (lane) => {
      lane.waiting.unshift(call);
      // It gave its turn back: the lane stands first again.
      if (this.#rotation.remove(lane)) this.#rotation.unshift(lane);
    });
    this.#size += 1;
  }

  take(): QueuedCall | undefined {
    const lane = this.#rotation.shift();
    if (lane === undefined) return undefined;
    this.#rotation.push(lane);
    const call = lane.waiting.first!;
    this.remove(call);
    return call;
  }

  remove(call: QueuedCall): void {
    this.#change(call, (lane) => lane.waiting.remove(call));
    this.#size -= 1;
  }

  clear(): QueuedCall[] {
    const calls: QueuedCall[] = [];
    for (const lane of [...this.#lanes.values()]) {
      for (let call = lane.waiting.first; call !== undefined; call = lane.waiting.first) {
        this.remove(call);
        calls.push(call);
      }
    }
    return calls;
  }

  *[Symbol.iterator](): Iterator<QueuedCall> {
    // One of each lane in turn, as far as its limit allows; then what is held back.
    let turns = [...this.#rotation].map((lane) => ({
      calls: lane.waiting[Symbol.iterator](),
      left: this.#startable(lane),
    }));
    while (turns.length > 0) {
      for (const turn of turns) {
        turn.left -= 1;
        yield turn.calls.next().value as QueuedCall;
      }
      turns = turns.filter(({ left }) => left > 0);
    }
    for (const lane of this.#lanes.values()) {
      let at = 0;
      for (const call of lane.waiting) if (at++ >= this.#startable(lane)) yield call;
    }
  }

  started(call: QueuedCall): void {
    this.#change(call, (lane) => (lane.running += 1));
  }

  ended(call: QueuedCall): void {
    this.#change(call, (lane) => (lane.running -= 1));
  }

  #keyOf(call: QueuedCall): unknown {
    // Asked once for each call: a key that changed under way would be counted twice.
    call.note ??= { key: this.by(call) };
    return (call.note as { readonly key: unknown }).key;
  }

  /** Change a lane, and keep the rotation and the sum of startable calls true. */
  #change(call: QueuedCall, change: (lane: Lane) => void): void {
    const key = this.#keyOf(call);
    let lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, (lane = new Lane(key)));
    const before = this.#startable(lane);
    change(lane);
    const after = this.#startable(lane);
    this.#eligible += after - before;
    if (after === 0) this.#rotation.remove(lane);
    else if (lane.list === undefined) this.#rotation.push(lane);
    if (lane.waiting.size === 0 && lane.running === 0) this.#lanes.delete(key);
  }

  #startable(lane: Lane): number {
    return Math.max(0, Math.min(lane.waiting.size, this.limit - lane.running));
  }
}
