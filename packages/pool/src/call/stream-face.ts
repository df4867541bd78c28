import type { PoolStream } from '../pool.js';
import type { PendingStream } from './pending-stream.js';

/** What the consumer of a stream holds, and nobody else: that it is garbage tells that nobody reads any more. */
export class StreamFace<T> implements PoolStream<T> {
  readonly #stream: PendingStream;

  constructor(stream: PendingStream) {
    this.#stream = stream;
  }

  get started(): Promise<void> {
    return this.#stream.started;
  }

  get finished(): Promise<void> {
    this.#stream.awaited = true;
    return this.#stream.finished;
  }

  /** As {@link StreamFace.finished}, for those who only take note: a stream that is dropped nevertheless counts as dropped. */
  get ending(): Promise<void> {
    return this.#stream.finished;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    this.#stream.reads += 1;
    return this.#stream.items.next(this) as Promise<IteratorResult<T, undefined>>;
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

/**
 * Resolves as `stream.finished` does, and keeps no stream from being found dropped. For packages of pypool that wrap streams.
 *
 * @param stream of a pool, or of a fake that knows no such thing
 */
export function endingOf(stream: PoolStream<unknown>): Promise<void> {
  return stream instanceof StreamFace ? stream.ending : stream.finished;
}
