import { describe, expect, it } from 'vitest';

import { Deck, Random, Weights } from './random.js';

describe('random numbers', () => {
  it('are the same for the same seed and part, and others for another', () => {
    const drawn = (seed: number, part: number) => {
      const random = Random.of(seed, part);
      return [random.next(), random.below(1_000), [...random.bytes(7)]];
    };
    expect(drawn(5, 1)).toEqual(drawn(5, 1));
    expect(drawn(5, 1)).not.toEqual(drawn(5, 2));
    expect(drawn(5, 1)).not.toEqual(drawn(6, 1));
  });
});

describe('weights', () => {
  it('decide how often each key is drawn, and nothing of weight 0 ever is', () => {
    const weights = new Weights({ often: 9, seldom: 1, never: 0 });
    const random = new Random(1);
    const times = { often: 0, seldom: 0, never: 0 };
    for (let n = 0; n < 10_000; n += 1) times[weights.draw(random)] += 1;
    expect(times.often).toBeGreaterThan(8_700);
    expect(times.seldom).toBeGreaterThan(700);
    expect(times.never).toBe(0);
  });
});

describe('a deck', () => {
  it('gives each key as often as its number says within every round, in another order each time', () => {
    const deck = new Deck({ a: 3, b: 2, c: 1 });
    const random = new Random(1);
    const rounds = Array.from({ length: 5 }, () =>
      Array.from({ length: 6 }, () => deck.draw(random)).join(''),
    );
    for (const round of rounds) expect([...round].sort().join('')).toBe('aaabbc');
    expect(new Set(rounds).size).toBeGreaterThan(1);
  });
});
