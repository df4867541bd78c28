import { describe, expect, it } from 'vitest';
import { ndarray } from './ndarray.js';
import { approximateBytes } from './weight.js';

describe('the approximate weight of a value', () => {
  it.each([
    ['nothing', undefined, 8],
    ['a number', 5, 8],
    ['a string', 'x'.repeat(1_000), 1_000],
    ['a typed array', new Float64Array(1_000), 8_000],
    ['a buffer', new ArrayBuffer(1_000), 1_000],
    ['a part of a buffer', Buffer.alloc(1_000).subarray(0, 10), 10],
    ['an array', [1, 'abc'], 8 + 8 + 3],
    ['an object', { key: 'abc' }, 8 + 3 + 3],
    ['a map and a set', [new Map([['ab', 'cd']]), new Set(['abc'])], 8 + 8 + 4 + 8 + 3],
    ['an array for numpy', ndarray(new Float32Array(1_000), [1_000]), 4_000],
  ])('is what %s keeps', (_, value, bytes) => {
    const about = approximateBytes(value);
    expect(about).toBeGreaterThanOrEqual(bytes);
    expect(about).toBeLessThan(bytes + 100);
  });

  it('is estimated where there are too many parts to look at', () => {
    const million = Array.from({ length: 1_000_000 }, () => 'abcdefgh');
    expect(approximateBytes(million) / 8_000_000).toBeCloseTo(1, 1);
    expect(approximateBytes([[million], 'x'.repeat(100)])).toBeGreaterThan(7_900_000);
  });

  it('is taken of whatever there is, however odd', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    let deep: unknown = 'end';
    for (let n = 0; n < 100_000; n += 1) deep = [deep];
    const thrower = {
      get value(): never {
        throw new Error('mine');
      },
    };
    for (const value of [circle, deep, thrower, () => 1, Symbol('s'), 10n]) {
      expect(approximateBytes(value)).toBeGreaterThan(0);
    }
  });
});
