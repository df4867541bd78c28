import { ItemStream, STREAM_CREDIT, type PypoolError } from '@pypool/protocol';
import type { Answering } from './lone-call.js';
import type { LoneStream } from './lone-worker.js';

/** What the consumer of a stream does that the worker has to know. */
export interface StreamSource {
  grant(items: number, bytes: number): void;
  leave(): void;
}

/** The consumer's end of a stream, and what fills it. */
export class WorkerStream<T> implements LoneStream<T>, Answering {
  readonly #items: ItemStream<unknown>;
  /** Where the items come from; none once it has been answered. */
  source: StreamSource | undefined;

  constructor() {
    this.#items = new ItemStream({
      window: STREAM_CREDIT.items,
      maxWindow: STREAM_CREDIT.maxItems,
      windowBytes: STREAM_CREDIT.bytes,
      onGrant: (items, bytes) => this.source?.grant(items, bytes),
      onLeave: () => this.source?.leave(),
    });
  }

  onItem(value: unknown, bytes?: number): void {
    this.#items.push(value, bytes);
  }

  onResult(): void {
    this.#items.end();
  }

  onError(error: PypoolError): void {
    this.#items.fail(error);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#items.next() as Promise<IteratorResult<T, undefined>>;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    return this.#items.return() as Promise<IteratorResult<T, undefined>>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
