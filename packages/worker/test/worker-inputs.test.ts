import { describe, expect, it } from 'vitest';
import type { LoneWorker } from '../src/index.js';
import { leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

/** An iterable that tells what was done with it. */
class Watched {
  made = 0;
  returned = 0;
  readonly #count: number;
  readonly #failure: Error | undefined;

  constructor(count: number, failure?: Error) {
    this.#count = count;
    this.#failure = failure;
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    return {
      next: async () => {
        await Promise.resolve();
        if (this.made < this.#count) return { value: this.made++, done: false };
        if (this.#failure) throw this.#failure;
        // Without an end of its own it waits for ever.
        return this.#count === 3 ? new Promise(() => undefined) : { value: undefined, done: true };
      },
      return: () => {
        this.returned += 1;
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }
}

/** One that makes three items and no more, and never ends. */
const endless = (): Watched => new Watched(3);

/** When a call has read and printed all there is. */
function hasRead(worker: LoneWorker, item: number): Promise<void> {
  return new Promise((resolve) => {
    worker.on('output', ({ line }) => {
      if (line === `read ${item}`) resolve();
    });
  });
}

it('fails in its handler also where the message of its error is over the limit', async () => {
  await using worker = await workerFor('read_inputs', { limits: { maxFrameBytes: 10_000 } });
  const failing = new Watched(2, new RangeError('x'.repeat(20_000)));
  const error = await rejection(worker.call('total', [failing]));
  expect(error.message).toMatch(/HostError.*RangeError.*over the limit of 10000/s);
  expect(await worker.call('total', [[1, 2]])).toBe(3);
});

const total = (count: number): number => (count * (count - 1)) / 2;

describe.each(['sync', 'async', 'threads'] as const)(
  'an iterable as an argument, with the engine %s',
  (engine) => {
    it('may use the memory of an item again for the next', async () => {
      await using worker = await workerFor('read_inputs', { engine });
      function* filled(): Generator<Uint8Array> {
        const memory = new Uint8Array(64 * 1024);
        for (let n = 0; n < 8; n += 1) yield memory.fill(n);
      }
      const ends = await worker.call('ends_of', [filled()]);
      expect(ends).toEqual(Array.from({ length: 8 }, (_, n) => [n, n]));
    });

    it('is read as its handler reads it, in order and to its end', async () => {
      await using worker = await workerFor('read_inputs', { engine });
      for (const name of ['total', 'total_async']) {
        const rows = new Watched(1_000);
        expect(await worker.call(name, [rows])).toBe(total(1_000));
        expect(rows.returned).toBe(0);
        expect(await worker.call(name, { rows: [1, 2, 3].values() })).toBe(6);
      }
      function* letters(): Generator<string> {
        yield* ['a', 'b'];
      }
      expect(await worker.call('first_of', { args: [letters()], kwargs: { other: new Watched(2) } })).toEqual(
        ['a', 0, 1],
      );
      for (const name of ['doubled', 'doubled_async']) {
        const seen: number[] = [];
        for await (const item of worker.stream<number>(name, [new Watched(500)])) seen.push(item);
        expect(seen).toEqual(Array.from({ length: 500 }, (_, n) => n * 2));
      }
    });

    it('carries every value that an argument may be', async () => {
      await using worker = await workerFor('read_inputs', { engine });
      const values = [new Uint8Array([1, 2]), 2n ** 70n, new Date(0), { a: [null] }];
      expect(await worker.call('let_fail', [values.values()])).toEqual(values);
    });

    it('fails in Python as HostError, once, after the items before', async () => {
      await using worker = await workerFor('read_inputs', { engine });
      expect(await worker.call('what_fails', [new Watched(5, new TypeError('no more'))])).toEqual([
        [0, 1, 2, 3, 4],
        'TypeError',
        'no more',
      ]);
      expect(await rejection(worker.call('let_fail', [new Watched(1, new Error('why'))]))).toMatchObject({
        code: 'python-error',
        pythonType: 'HostError',
        pythonModule: 'pypool.errors',
      });
      const rows = [1, () => 2].values() as IterableIterator<unknown> & {
        return?: () => IteratorResult<unknown>;
      };
      let closed = 0;
      rows.return = () => ({ value: (closed += 1), done: true });
      expect(await worker.call('what_fails', [rows])).toEqual([
        [1],
        'UsageError',
        'Cannot send item to Python: function.',
      ]);
      expect(closed).toBe(1);
    });

    it('is not opened by a handler that reads none, and closed once where one leaves it early', async () => {
      await using worker = await workerFor('read_inputs', { engine });
      const [untouched, left] = [new Watched(10), new Watched(10_000)];
      expect(await worker.call('touch_nothing', [untouched])).toBe('done');
      expect([untouched.made, untouched.returned]).toEqual([0, 0]);
      expect(await worker.call('first_of', [left])).toEqual([0]);
      expect(left.returned).toBe(1);
      expect(left.made).toBeLessThan(200);
    });

    it('does not go with batches', async () => {
      await using worker = await workerFor('read_inputs', { engine });
      const error = await rejection(worker.call('together', [[1, 2].values()]));
      expect(error).toMatchObject({ code: 'invalid-arguments', outcome: 'not-started' });
      expect(await worker.call('together', [[1, 2]])).toEqual([1, 2]);
    });

    it('holds up nothing that is cancelled while it waits for it, and is closed once', async () => {
      await using worker = await workerFor('read_inputs', { engine });
      for (const name of ['wait_for_more', 'wait_cooperatively', 'wait_for_more_async']) {
        const rows = endless();
        const controller = new AbortController();
        const read = hasRead(worker, 2);
        const error = rejection(worker.call(name, [rows], { signal: controller.signal }));
        await read;
        controller.abort();
        expect(await error).toMatchObject({ code: 'aborted' });
        expect((await error).context).toMatchObject({ rung: 'interrupt' });
        expect(rows.returned).toBe(1);
      }
      expect((await worker.call<string[]>('how_ended')).filter((what) => what === 'cleaned up')).toHaveLength(
        3,
      );
    });
  },
);

describe('an iterable as an argument', () => {
  it('is read no further ahead than its handler reads', async () => {
    await using worker = await workerFor('read_inputs');
    const rows = new Watched(10_000);
    const lets = ['first', 'second'];
    const stream = worker.stream<number>('keep_slow', [rows, lets.values()]);
    expect(await stream.next()).toEqual({ value: 0, done: false });
    expect(await stream.next()).toEqual({ value: 1, done: false });
    expect(rows.made).toBeLessThanOrEqual(64);
    expect(await stream.next()).toMatchObject({ done: true });
    expect(rows.returned).toBe(1);
  });

  it('is closed once when the consumer of its stream leaves', async () => {
    await using worker = await workerFor('read_inputs');
    const rows = new Watched(100_000);
    for await (const item of worker.stream<number>('doubled', [rows])) if (item === 20) break;
    expect(await worker.call('touch_nothing', [null])).toBe('done');
    expect(rows.returned).toBe(1);
  });

  it('is closed once when its worker dies', async () => {
    const worker = await workerFor('read_inputs');
    const rows = endless();
    const error = await rejection(worker.call('die_reading', [rows]));
    expect(error).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    expect(rows.returned).toBe(1);
    await worker.exited;
  });

  it('is no value of another: inside one it cannot be encoded', async () => {
    await using worker = await workerFor('read_inputs');
    expect(await rejection(worker.call('total', [[[1].values()]]))).toMatchObject({ code: 'unencodable' });
  });
});
