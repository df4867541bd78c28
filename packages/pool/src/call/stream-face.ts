import { addCallSite } from '@pypool/protocol';

import type { PoolStream } from '../pool.js';
import type { PendingStream } from './pending-stream.js';

/** What the consumer of a stream holds. */
export class StreamFace<T> implements PoolStream<T> {
  readonly #stream: PendingStream;

  constructor(stream: PendingStream) {
    this.#stream = stream;
  }

  get started(): Promise<void> {
    return this.#stream.started;
  }

  get finished(): Promise<void> {
    return this.#stream.finished;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    try {
      return (await this.#stream.items.next()) as IteratorResult<T, undefined>;
    } catch (error) {
      throw addCallSite(error, 'stream.next');
    }
  }

  return(): Promise<IteratorResult<T, undefined>> {
    return this.#stream.items.return() as Promise<IteratorResult<T, undefined>>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
