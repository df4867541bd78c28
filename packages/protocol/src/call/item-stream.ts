import { createError } from '../errors/create-error.js';
import { UsageError } from '../errors/errors.js';
import type { PypoolError } from '../errors/error.js';

/** What an {@link ItemStream} is made of. */
export interface ItemStreamOptions {
  /** Credit the producer has had from the start: the most items this stream ever holds. At least 1. */
  readonly window: number;
  /** The consumer took items: the producer may send as many more. Called in batches of half a window. */
  readonly onGrant: (items: number) => void;
  /** The consumer left before the end. Called at most once. */
  readonly onLeave: () => void;
}

/**
 * The consumer's end of a stream.
 *
 * The producer pushes at most as many items as it has credit for; credit is given back as the consumer takes them, so a slow consumer
 * bounds the producer, and a stream that nobody reads holds one window. Items that arrived before an error are delivered before it.
 */
export class ItemStream<T = unknown> implements AsyncIterableIterator<T> {
  readonly #options: ItemStreamOptions;
  /** A queue: `#head` is the next to take. It empties often, so it needs no ring. */
  #items: T[] = [];
  #head = 0;
  /** Items the producer may still push. */
  #credit: number;
  /** Items taken whose credit has not been given back. */
  #taken = 0;
  #waiting: Waiting<T> | undefined;
  /** Nothing follows what is buffered. */
  #ended = false;
  #error: PypoolError | undefined;

  constructor(options: ItemStreamOptions) {
    this.#options = options;
    this.#credit = options.window;
  }

  /** Items that wait for the consumer. */
  get buffered(): number {
    return this.#items.length - this.#head;
  }

  /** Its consumer waits for an item. */
  get waited(): boolean {
    return this.#waiting !== undefined;
  }

  /** An item arrived. Ignored after the end; an item beyond the credit fails the stream and leaves it. */
  push(value: T): void {
    if (this.#ended) return;
    if (this.#credit === 0) return this.#overrun();
    this.#credit--;
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#items.push(value);
      return;
    }
    this.#waiting = undefined;
    this.#count();
    waiting.resolve({ value, done: false });
  }

  /** The producer has finished. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#settle()?.resolve(DONE);
  }

  /** The producer failed; the consumer meets the error after the items that came before it. */
  fail(error: PypoolError): void {
    if (this.#ended) return;
    this.#ended = true;
    const waiting = this.#settle();
    if (waiting) waiting.reject(error);
    else this.#error = error;
  }

  /** The next item. One at a time: a second call while one waits is refused. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#head < this.#items.length) return Promise.resolve({ value: this.#take(), done: false });
    if (this.#ended) {
      const error = this.#error;
      if (error === undefined) return Promise.resolve(DONE);
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#waiting) return Promise.reject(secondReader());
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Leave: what is buffered is dropped, the producer told, and a `next()` that waits ends. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#items = [];
    this.#head = 0;
    this.#error = undefined;
    if (!this.#ended) {
      this.#ended = true;
      this.#options.onLeave();
      this.#settle()?.resolve(DONE);
    }
    return Promise.resolve(DONE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): T {
    const value = this.#items[this.#head]!;
    this.#head++;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else {
      // The consumer's items are not ours to keep alive.
      this.#items[this.#head - 1] = undefined as T;
    }
    this.#count();
    return value;
  }

  /** One item more was taken: give its credit back, half a window at a time. */
  #count(): void {
    this.#taken++;
    if (this.#ended || this.#taken * 2 < this.#options.window) return;
    const items = this.#taken;
    this.#taken = 0;
    this.#credit += items;
    this.#options.onGrant(items);
  }

  #settle(): Waiting<T> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  #overrun(): void {
    this.fail(
      createError({
        code: 'protocol',
        message: `A stream sent more items than it had credit for (window ${this.#options.window}).`,
        outcome: 'unknown',
        context: { window: this.#options.window },
      }),
    );
    this.#options.onLeave();
  }
}

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: PypoolError): void;
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true });

function secondReader(): UsageError {
  return new UsageError({
    code: 'invalid-arguments',
    message: 'A stream has one reader: next() was called while another next() waits.',
  });
}
