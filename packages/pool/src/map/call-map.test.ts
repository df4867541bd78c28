import { describe, expect, it } from 'vitest';

import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection } from '../test-support/fake-pool.js';

/** Numbers from 0, with what has been taken of them and whether they were closed. */
function numbers(end = Infinity) {
  const seen = { taken: 0, closed: 0 };
  function* generate() {
    try {
      for (let n = 0; n < end; n += 1) {
        seen.taken += 1;
        yield n;
      }
    } finally {
      seen.closed += 1;
    }
  }
  return { items: generate(), seen };
}

async function* slowly<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve();
    yield item;
  }
}

/** A pool whose workers double what they get. */
async function doubling(size = 2) {
  const fake = await fakePool({ size });
  for (const worker of fake.factory.workers) {
    worker.respond = (call) =>
      queueMicrotask(
        () => worker.calls.includes(call) && worker.answer((call.args as number[])[0]! * 2, call),
      );
  }
  return fake;
}

const collect = async <T>(items: AsyncIterable<T>) => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe('map', () => {
  it.each([
    ['an array', () => [1, 2, 3, 4, 5]],
    ['a generator', () => new Set([1, 2, 3, 4, 5]).values()],
    ['promises', () => [1, 2, 3, 4, 5].map((n) => Promise.resolve(n))],
    ['an async iterable', () => slowly([1, 2, 3, 4, 5])],
  ])('gives one result for each item of %s, in order', async (_, items) => {
    const { pool } = await doubling();
    expect(await collect(pool.map<number, number>('double', items()))).toEqual([2, 4, 6, 8, 10]);
    expect(await collect(pool.map('double', []))).toEqual([]);
  });

  it('keeps as many items under way as there are places, and takes none before its consumer asks', async () => {
    const { pool, factory } = await fakePool({ size: 3 });
    const { items, seen } = numbers();
    const map = pool.map<number, number>('f', items);
    await flush();
    expect(seen.taken).toBe(0);
    const first = map.next();
    await flush();
    expect(seen.taken).toBe(3);
    // The last two are done: their results wait for the first, and hold their places.
    factory.workers[1]!.answer('b');
    factory.workers[2]!.answer('c');
    await flush();
    expect(seen.taken).toBe(3);
    factory.workers[0]!.answer('a');
    expect(await first).toEqual({ done: false, value: 'a' });
    await flush();
    expect(seen.taken).toBe(4);
    expect([await map.next(), await map.next()].map(({ value }) => value)).toEqual(['b', 'c']);
    await flush();
    expect(seen.taken).toBe(6);
    void map.return();
    for (const worker of factory.workers) worker.answer();
  });

  it('gives results as they come where it is not ordered', async () => {
    const { pool, factory } = await fakePool({ size: 3 });
    const map = pool.map('f', [1, 2, 3], { ordered: false });
    const first = map.next();
    await flush();
    factory.workers[2]!.answer('c');
    expect((await first).value).toBe('c');
    factory.workers[0]!.answer('a');
    factory.workers[1]!.answer('b');
    expect(await collect(map)).toEqual(['a', 'b']);
  });

  it('makes arguments of items, and passes on what else is given', async () => {
    const { pool, factory } = await fakePool({ size: 2 });
    const args = (item: string, index: number) => ({ text: item, index });
    const map = pool.map('f', ['x', 'y'], { args, concurrency: 2, executionTimeoutMs: 7 });
    const first = map.next();
    await flush();
    const calls = factory.workers.map(({ calls: [one] }) => one!);
    expect(calls.map((call) => call.args)).toEqual([
      { text: 'x', index: 0 },
      { text: 'y', index: 1 },
    ]);
    expect(calls[0]!.executionTimeoutMs).toBe(7);
    for (const worker of factory.workers) worker.answer();
    await first;
  });

  it('ends with the first error, after the results before it, with nothing left running', async () => {
    const { pool, factory } = await fakePool({ size: 3 });
    const { items, seen } = numbers();
    const map = pool.map('f', items);
    const first = map.next();
    await flush();
    factory.workers[0]!.answer('a');
    expect((await first).value).toBe('a');
    await flush();
    const failed = rejection(map.next());
    factory.workers[1]!.fail(Object.assign(new Error('no'), { code: 'python-error' }) as never);
    await flush();
    expect(seen.closed).toBe(1);
    const open = factory.workers.filter(({ calls }) => calls.length > 0);
    expect(open).toHaveLength(2);
    for (const worker of open) {
      const [{ call, error }] = worker.cancelled as [{ call: never; error: never }];
      worker.fail(error, call);
    }
    expect(await failed).toMatchObject({ message: 'no' });
    expect(await map.next()).toEqual({ done: true, value: undefined });
    expect(pool.status()).toMatchObject({ running: 0, queued: 0 });
  });

  it('ends what runs and closes its source when the loop is left', async () => {
    const { pool } = await doubling();
    const { items, seen } = numbers();
    for await (const value of pool.map<number, number>('double', items)) if (value === 4) break;
    expect(seen.closed).toBe(1);
    expect(pool.status().queued).toBe(0);
  });

  it('tells whoever leaves it that its source could not be closed, once its calls have ended', async () => {
    const { pool, factory } = await fakePool();
    const source = (function* () {
      try {
        yield* [1, 2];
      } finally {
        throw new Error('stuck');
      }
    })();
    const map = pool.map('double', source, { concurrency: 1 });
    const next = rejection(map.next());
    await flush();
    const left = rejection(map.return());
    // As long as this, and longer: a rejection that nobody looks at would end the process before the call has ended.
    await new Promise((resolve) => setImmediate(resolve));
    const [worker] = factory.workers;
    worker!.fail(worker!.cancelled[0]!.error);
    expect(await left).toMatchObject({ message: 'stuck' });
    expect(await next).toMatchObject({ message: 'stuck' });
  });

  it('is aborted by its signal, also while its source has nothing to give', async () => {
    const { pool } = await fakePool();
    const abort = new AbortController();
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const waiting = rejection(pool.map('f', never, { signal: abort.signal }).next());
    await flush();
    abort.abort('enough');
    expect(await waiting).toMatchObject({ code: 'aborted', cause: 'enough', outcome: 'not-started' });
    expect(await rejection(pool.map('f', [1], { signal: abort.signal }).next())).toMatchObject({
      code: 'aborted',
    });
  });

  it('fails with what its source or its arguments throw', async () => {
    const { pool } = await doubling();
    const broken = (function* () {
      yield 1;
      throw new Error('source');
    })();
    const map = pool.map('double', broken);
    expect((await rejection(collect(map))).message).toBe('source');
    const args = () => {
      throw new Error('arguments');
    };
    expect((await rejection(collect(pool.map('double', [1], { args })))).message).toBe('arguments');
  });

  it.each([
    [{ concurrency: 0 }, 'concurrency'],
    [{ concurrency: Infinity }, 'concurrency'],
    [{ ordered: 1 }, 'ordered'],
    [{ args: 1 }, 'args'],
    [{ signal: new AbortController() }, 'signal'],
    [{ into: new Uint8Array(8) }, 'into'],
    [{ timeoutMss: 1 }, 'timeoutMss'],
    [{ concurrency: Object.create(null) as unknown }, 'concurrency'],
    [null, 'all'],
    ['ordered', 'all'],
  ])('refuses %o', async (options, option) => {
    const { pool } = await fakePool();
    expect(await rejection(pool.map('f', [1], options as never).next())).toMatchObject({
      code: 'invalid-options',
      context: { option },
    });
  });

  it('refuses what cannot be iterated', async () => {
    const { pool } = await fakePool();
    expect(await rejection(pool.map('f', 5 as never).next())).toMatchObject({ code: 'invalid-arguments' });
  });
});
