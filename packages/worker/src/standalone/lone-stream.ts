import { addCallSite, ItemStream, type PypoolError } from '@pypool/protocol';
import { STREAM_WINDOW, type Answering } from './lone-call.js';
import type { LoneStream } from './lone-worker.js';

/** What the consumer of a stream does that the worker has to know. */
export interface StreamSource {
  grant(items: number): void;
  leave(): void;
}

/** The consumer's end of a stream, and what fills it. */
export class WorkerStream<T> implements LoneStream<T>, Answering {
  readonly #items: ItemStream<unknown>;
  /** Where the items come from; none once it has been answered. */
  source: StreamSource | undefined;

  constructor() {
    this.#items = new ItemStream({
      window: STREAM_WINDOW,
      onGrant: (items) => this.source?.grant(items),
      onLeave: () => this.source?.leave(),
    });
  }

  onItem(value: unknown): void {
    this.#items.push(value);
  }

  onResult(): void {
    this.#items.end();
  }

  onError(error: PypoolError): void {
    this.#items.fail(error);
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    try {
      return (await this.#items.next()) as IteratorResult<T, undefined>;
    } catch (error) {
      throw addCallSite(error, 'stream.next');
    }
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
