import { describe, expect, it } from 'vitest';
import { CallInput } from './call-input.js';

interface Read {
  readonly input: CallInput;
  readonly sent: unknown[];
  readonly ends: unknown[];
  closed: number;
}

/** An input of a source that counts up to `count`; each item weighs 10 bytes. */
function inputOf(count: number): Read {
  const read: Read = {
    sent: [],
    ends: [],
    closed: 0,
    input: new CallInput({
      source: {
        [Symbol.asyncIterator]: () => {
          let n = 0;
          return {
            next: () =>
              Promise.resolve(n < count ? { value: n++, done: false } : { value: undefined, done: true }),
            return: () => Promise.reject(new Error(`closed ${(read.closed += 1)} times`)),
          };
        },
      },
      send: (item) => {
        if (item === 7) throw new RangeError('seven');
        return read.sent.push(item) && 10;
      },
      end: (error) => read.ends.push(error),
    }),
  };
  return read;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('an input', () => {
  it('sends as much as there is credit for, of items and of bytes, then its end', async () => {
    const { input, sent, ends } = inputOf(6);
    await settle();
    expect(sent).toEqual([]);
    input.pull(2, 1000);
    await settle();
    expect(sent).toEqual([0, 1]);
    input.pull(10, -975);
    await settle();
    expect(sent).toEqual([0, 1, 2]);
    input.pull(1, 1000);
    await settle();
    expect([sent.length, ends]).toEqual([6, [null]]);
  });

  it('closes what it has begun once when its call ends, and sends nothing more', async () => {
    const read = inputOf(6);
    read.input.pull(2, 1000);
    await settle();
    read.input.stop();
    read.input.stop();
    read.input.pull(2, 1000);
    await settle();
    expect([read.sent, read.ends, read.closed]).toEqual([[0, 1], [], 1]);
  });

  it('leaves alone what nobody has asked for', () => {
    const read = inputOf(6);
    read.input.stop();
    expect(read.closed).toBe(0);
  });

  it('says what its iterable threw, whatever that is', async () => {
    const thrown = [
      [new TypeError('no'), { name: 'TypeError', message: 'no' }],
      ['text', { name: 'Error', message: 'text' }],
      [
        Object.assign(new Error('no'), { message: { code: 5 } }),
        { name: 'Error', message: '[object Object]' },
      ],
      [Object.create(null), { name: 'Error', message: 'something was thrown that cannot be shown' }],
    ] as const;
    for (const [error, told] of thrown) {
      const ends: unknown[] = [];
      const source = {
        next: () => Promise.reject(error as Error),
        [Symbol.asyncIterator]: () => source,
      };
      const input = new CallInput({ source, send: () => 0, end: (end) => ends.push(end) });
      input.pull(1, 1);
      await settle();
      expect(ends).toEqual([told]);
    }
  });

  it('closes a generator that gives a promise which rejects: it has not ended by itself', async () => {
    const seen: unknown[] = [];
    function* source(): Generator<unknown> {
      try {
        yield Promise.resolve(1);
        yield Promise.reject(new RangeError('late'));
      } finally {
        seen.push('closed');
      }
    }
    const input = new CallInput({
      source: source(),
      send: (item) => seen.push(item),
      end: (error) => seen.push(error),
    });
    input.pull(10, 1000);
    await settle();
    expect(seen).toEqual([1, { name: 'RangeError', message: 'late' }, 'closed']);
    input.stop();
    expect(seen).toHaveLength(3);
  });

  it('closes what makes an item that cannot be sent, and says why', async () => {
    const read = inputOf(20);
    read.input.pull(20, 1000);
    await settle();
    read.input.stop();
    expect(read.sent).toHaveLength(7);
    expect(read.ends).toEqual([{ name: 'RangeError', message: 'seven' }]);
    expect(read.closed).toBe(1);
  });
});
