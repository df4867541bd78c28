import type { PoolStream } from '@pypool/pool';

import type { CallingPool } from './calling-pool.js';

/** A call that reached the fake pool, to be answered by the test. */
export interface FakeCall {
  readonly name: string;
  readonly args: unknown;
  readonly options: unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** A pool for tests that keeps its calls until they are answered, and streams what it was given. */
export interface FakePool extends CallingPool {
  /** For the test to set. */
  places: number;
  readonly calls: FakeCall[];
  /** The next streams give these items and then this error, if any. */
  streams(items: readonly unknown[], error?: Error): void;
  /** How many streams were left before their end. */
  readonly left: number;
}

/** A fake pool with no calls, whose streams are empty. */
export function fakePool(): FakePool {
  const calls: FakeCall[] = [];
  let items: readonly unknown[] = [];
  let failure: Error | undefined;
  let left = 0;
  return {
    calls,
    places: 1,
    get left() {
      return left;
    },
    streams(nextItems, error) {
      items = nextItems;
      failure = error;
    },
    call<T>(name: string, args?: unknown, options?: unknown): Promise<T> {
      return new Promise<unknown>((resolve, reject) => {
        calls.push({ name, args, options, resolve, reject });
      }) as Promise<T>;
    },
    stream<T>(name: string, args?: unknown, options?: unknown): PoolStream<T> {
      calls.push({ name, args, options, resolve: () => undefined, reject: () => undefined });
      const pending = [...items] as T[];
      return {
        started: Promise.resolve(),
        // Over only by what its consumer does: these tests are about that.
        finished: new Promise<void>(() => undefined),
        [Symbol.asyncIterator]() {
          return this;
        },
        async next() {
          if (pending.length > 0) return { done: false, value: pending.shift()! };
          if (failure !== undefined) throw failure;
          return { done: true, value: undefined };
        },
        async return() {
          left += 1;
          return { done: true, value: undefined };
        },
        async [Symbol.asyncDispose]() {
          await this.return();
        },
      };
    },
  };
}
