import { expect, it } from 'vitest';
import { contradictions, type Told } from './ledger.js';

it('finds each call whose runs are not what its caller was told', () => {
  const told = new Map<number, Told>([
    [1, 'succeeded'],
    [2, 'succeeded'],
    [3, 'succeeded'],
    [4, 'not-started'],
    [5, 'not-started'],
    [6, 'unknown'],
    [7, 'unknown'],
    [8, 'unknown'],
    [9, 'finished'],
  ]);
  const runs = new Map([
    [1, 1],
    [3, 2],
    [5, 1],
    [7, 1],
    [8, 2],
    [10, 1],
  ]);
  expect(contradictions(told, runs)).toEqual([
    'call 2 was told "succeeded", and ran 0 times',
    'call 3 was told "succeeded", and ran 2 times',
    'call 5 was told "not-started", and ran 1 times',
    'call 8 was told "unknown", and ran 2 times',
    'call 9 was told "finished", and ran 0 times',
    'call 10 ran, and was never made',
  ]);
});
