import { endingOf } from '@pypool/pool';
import type { PoolStream } from '@pypool/pool';

import type { SessionOperation } from '../registry/session-operation.js';

/** A pool's stream that tells its session when it is over: at its end, at its error, or when its consumer leaves. */
export class TrackedStream<T> implements PoolStream<T> {
  readonly #stream: PoolStream<T>;
  readonly #operation: SessionOperation;

  constructor(stream: PoolStream<T>, operation: SessionOperation) {
    this.#stream = stream;
    this.#operation = operation;
    // Nobody need take its items for it to be over.
    endingOf(stream).then(
      () => operation.finish(false),
      () => operation.finish(true),
    );
  }

  get started(): PoolStream<T>['started'] {
    return this.#stream.started;
  }

  get finished(): PoolStream<T>['finished'] {
    return this.#stream.finished;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    try {
      const item = await this.#stream.next();
      if (item.done === true) this.#operation.finish(false);
      return item;
    } catch (error) {
      this.#operation.finish(true);
      throw error;
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#operation.finish(false);
    return this.#stream.return();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** A stream that failed before there was one. */
export function failedStream<T>(error: unknown): PoolStream<T> {
  const started = Promise.reject(error);
  // Whoever only iterates meets the error there, and must not meet it a second time as an unhandled rejection.
  started.catch(() => undefined);
  return {
    started,
    finished: started,
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => Promise.reject(error),
    return: () => Promise.resolve({ done: true, value: undefined }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
