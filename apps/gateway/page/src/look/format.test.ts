import { expect, it } from 'vitest';
import { bytes, count, duration, latency, plural } from './format.js';

it.each([
  [0, '0.0 s'],
  [-5, '0.0 s'],
  [9_990, '9.9 s'],
  [10_000, '10 s'],
  [59_999, '59 s'],
  [185_000, '3 min 05 s'],
  [3_600_000, '1 h 00 min'],
  [90_000_000, '1 d 1 h'],
])('%d ms last %s', (ms, text) => expect(duration(ms)).toBe(text));

it.each([
  [null, '–'],
  [0, '0 ms'],
  [0.214, '0.21 ms'],
  [4.76, '4.8 ms'],
  [130.4, '130 ms'],
  [2_400, '2.40 s'],
  [100_000, '1 min 40 s'],
])('a latency of %d ms reads %s', (ms, text) => expect(latency(ms)).toBe(text));

it('tells counts and sizes', () => {
  expect([0, 0.42, 12, 1234.4].map(count)).toEqual(['0', '0.4', '12', '1,234']);
  expect([undefined, 912_000, 48_100_000, 1_240_000_000].map(bytes)).toEqual([
    '–',
    '912 KB',
    '48 MB',
    '1.2 GB',
  ]);
  expect([0, 1, 1200].map((n) => plural(n, 'call'))).toEqual(['0 calls', '1 call', '1,200 calls']);
});
