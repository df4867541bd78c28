import { describe, expect, it } from 'vitest';

import { startsWanted, type StartsInput } from './starts-wanted.js';

const idle: StartsInput = {
  steady: 2,
  maximum: 5,
  live: 2,
  starting: 0,
  leaving: 0,
  freePlaces: 2,
  eligible: 0,
  spares: 0,
  extra: 0,
  replacesAfter: false,
  placesPerWorker: 1,
  startConcurrency: 8,
};

describe('startsWanted', () => {
  it.each<[string, number, Partial<StartsInput>]>([
    ['nobody while all is well', 0, {}],
    ['the steady workers that are missing', 2, { live: 0, freePlaces: 0 }],
    ['those missing beside one that leaves', 1, { live: 2, leaving: 1, freePlaces: 1 }],
    ['one for each call that nobody covers', 2, { freePlaces: 0, eligible: 2 }],
    ['nobody for calls that free places cover', 0, { freePlaces: 2, eligible: 2 }],
    [
      'nobody for calls that those on their way cover',
      0,
      { live: 4, starting: 2, freePlaces: 0, eligible: 2 },
    ],
    ['no more than there may be', 3, { freePlaces: 0, eligible: 100 }],
    [
      'nobody while those that leave fill the maximum',
      0,
      { live: 5, leaving: 3, freePlaces: 0, eligible: 9 },
    ],
    ['fewer where each takes several calls', 1, { freePlaces: 0, eligible: 3, placesPerWorker: 4 }],
    ['no more side by side than allowed', 1, { live: 2, starting: 1, steady: 5, startConcurrency: 2 }],
    ['a spare beside those that are busy', 1, { freePlaces: 0, spares: 1 }],
    ['no spare beyond the maximum', 0, { live: 5, freePlaces: 0, spares: 1 }],
    ['no spare while one has its place free', 0, { freePlaces: 1, spares: 1 }],
    ['one more than there may be, to replace another', 1, { live: 5, extra: 1 }],
    ['no second one to replace another', 0, { live: 5, starting: 1, extra: 1 }],
    ['nobody in place of one that has yet to leave', 0, { leaving: 1, freePlaces: 1, replacesAfter: true }],
  ])('wants %s', (_, wanted, difference) => {
    expect(startsWanted({ ...idle, ...difference })).toBe(wanted);
  });
});
