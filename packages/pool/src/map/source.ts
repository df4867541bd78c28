import { createError } from '@pypool/protocol';

/** Where items come from, sync or not. */
export interface Source<Item> {
  next(): Promise<IteratorResult<Item, unknown>>;
  /** Nobody wants more. */
  close(): Promise<void>;
}

/** @throws UsageError `invalid-arguments` for what cannot be iterated */
export function sourceOf<Item>(
  items: Iterable<Item | PromiseLike<Item>> | AsyncIterable<Item>,
): Source<Item> {
  const given = items as Partial<AsyncIterable<Item> & Iterable<Item>> | null | undefined;
  const iterator = given?.[Symbol.asyncIterator]?.() ?? given?.[Symbol.iterator]?.();
  if (iterator === undefined) {
    throw createError({
      code: 'invalid-arguments',
      message: `The items of a map are neither an iterable nor an async iterable, but ${items === null ? 'null' : typeof items}.`,
    });
  }
  return {
    async next() {
      const step = await iterator.next();
      // A sync iterable may hold promises, as for `for await`.
      return step.done === true ? step : { done: false, value: await step.value };
    },
    async close() {
      await iterator.return?.();
    },
  };
}
