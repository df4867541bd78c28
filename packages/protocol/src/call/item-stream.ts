import { rejectWithSite } from '../errors/call-site.js';
import { createError } from '../errors/create-error.js';
import { UsageError } from '../errors/errors.js';
import type { PypoolError } from '../errors/error.js';

/** What an {@link ItemStream} is made of. */
export interface ItemStreamOptions {
  /** Credit the producer has had from the start, in items. At least 1. */
  readonly window: number;
  /**
   * The most items this stream ever holds: the window grows up to here while the consumer is as fast as the producer.
   *
   * @defaultValue `window`
   */
  readonly maxWindow?: number;
  /**
   * Credit in bytes that the producer has had from the start. The item that goes beyond it is let through, or a large one never would be.
   *
   * @defaultValue Infinity
   */
  readonly windowBytes?: number;
  /** The consumer took items: the producer may send so many more. Called in batches of half a window, of items or of bytes. */
  readonly onGrant: (items: number, bytes: number) => void;
  /** The consumer left before the end. Called at most once. */
  readonly onLeave: () => void;
}

/**
 * The consumer's end of a stream.
 *
 * The producer pushes at most as many items as it has credit for; credit is given back as the consumer takes them, so a slow consumer
 * bounds the producer, and a stream that nobody reads holds one window. Items that arrived before an error are delivered before it.
 * Nothing is made for an item but the promise and the result that its reader is owed.
 */
export class ItemStream<T = unknown> implements AsyncIterableIterator<T> {
  readonly #options: ItemStreamOptions;
  /** A queue: `#head` is the next to take. It empties often, so it needs no ring. */
  #items: T[] = [];
  #head = 0;
  /** What each of `#items` took of the credit in bytes. */
  #sizes: number[] = [];
  #window: number;
  readonly #maxWindow: number;
  readonly #windowBytes: number;
  /** Items, and bytes, that the producer may still push. */
  #credit: number;
  #creditBytes: number;
  /** Items taken, and their bytes, whose credit has not been given back. */
  #taken = 0;
  #takenBytes = 0;
  /** Nothing was left for the consumer to take, since credit was last given. The first item says nothing of that: it comes alone to any consumer. */
  #drained = false;
  #waiting: Waiting<T> | undefined;
  /** Nothing follows what is buffered. */
  #ended = false;
  #error: PypoolError | undefined;

  constructor(options: ItemStreamOptions) {
    this.#options = options;
    this.#window = this.#credit = options.window;
    this.#maxWindow = options.maxWindow ?? options.window;
    this.#windowBytes = this.#creditBytes = options.windowBytes ?? Infinity;
  }

  /** Items that wait for the consumer. */
  get buffered(): number {
    return this.#items.length - this.#head;
  }

  /** The producer may push more. */
  get hasRoom(): boolean {
    return this.#credit > 0 && this.#creditBytes > 0;
  }

  /** Its consumer waits for an item. */
  get waited(): boolean {
    return this.#waiting !== undefined;
  }

  /**
   * An item arrived. Ignored after the end; an item beyond the credit fails the stream and leaves it.
   *
   * @param bytes - of the credit that it took: of items that arrived together, the last one bears all
   */
  push(value: T, bytes = 0): void {
    if (this.#ended) return;
    if (!this.hasRoom) return this.#overrun();
    this.#credit--;
    this.#creditBytes -= bytes;
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#items.push(value);
      this.#sizes.push(bytes);
      return;
    }
    this.#waiting = undefined;
    this.#drained ||= this.#taken > 0;
    this.#count(bytes);
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
    if (waiting) waiting.resolve(rejectWithSite(error, 'stream.next'));
    else this.#error = error;
  }

  /**
   * The next item. One at a time: a second call while one waits is refused.
   *
   * @param reader - kept alive while it waits. For those who find out that nobody reads by what a reader holds being garbage.
   */
  next(reader?: object): Promise<IteratorResult<T, undefined>> {
    if (this.#head < this.#items.length) return Promise.resolve({ value: this.#take(), done: false });
    if (this.#ended) {
      const error = this.#error;
      if (error === undefined) return Promise.resolve(DONE);
      this.#error = undefined;
      return rejectWithSite(error, 'stream.next');
    }
    if (this.#waiting) return Promise.reject(secondReader());
    return new Promise((resolve) => {
      this.#waiting = { resolve, reader };
    });
  }

  /** Leave: what is buffered is dropped, the producer told, and a `next()` that waits ends. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#clear();
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
    const bytes = this.#sizes[this.#head]!;
    this.#head++;
    if (this.#head === this.#items.length) {
      this.#clear();
      this.#drained ||= this.#taken > 0;
    } else {
      // The consumer's items are not ours to keep alive.
      this.#items[this.#head - 1] = undefined as T;
    }
    this.#count(bytes);
    return value;
  }

  #clear(): void {
    this.#items = [];
    this.#sizes = [];
    this.#head = 0;
  }

  /** One item more was taken: give its credit back, half a window at a time. */
  #count(itemBytes: number): void {
    this.#taken++;
    this.#takenBytes += itemBytes;
    if (this.#ended) return;
    if (this.#taken * 2 < this.#window && this.#takenBytes * 2 < this.#windowBytes) return;
    const grown = this.#drained ? Math.min(this.#window, this.#maxWindow - this.#window) : 0;
    const [items, bytes] = [this.#taken + grown, this.#takenBytes];
    this.#window += grown;
    this.#taken = this.#takenBytes = 0;
    this.#drained = false;
    this.#credit += items;
    this.#creditBytes += bytes;
    this.#options.onGrant(items, bytes);
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
        message: `A stream sent more than it had credit for (a window of ${this.#window} items and ${this.#windowBytes} bytes).`,
        outcome: 'unknown',
        context: { window: this.#window, windowBytes: this.#windowBytes },
      }),
    );
    this.#options.onLeave();
  }
}

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined> | Promise<never>): void;
  readonly reader: object | undefined;
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true });

function secondReader(): UsageError {
  return new UsageError({
    code: 'invalid-arguments',
    message: 'A stream has one reader: next() was called while another next() waits.',
  });
}
