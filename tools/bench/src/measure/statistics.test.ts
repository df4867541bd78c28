import { describe, expect, it } from 'vitest';

import { noiseOf, percent, ratioOf } from './noise.js';
import { percentile, spread } from './statistics.js';

describe('statistics', () => {
  it('takes the percentile of the sorted values, whatever their order', () => {
    expect(percentile([10, 9, 2, 1, 3], 0.5)).toBe(3);
    expect(percentile([5], 0.99)).toBe(5);
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });

  it('gives median, least and greatest of the rounds', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  });

  it('compares two subjects within each round, so that a slow round of both counts for nothing', () => {
    const medians = new Map([
      ['floor', [100, 200, 1000]],
      ['pool', [120, 240, 1200]],
    ]);
    expect(ratioOf(medians, 'pool', 'floor')).toBe(1.2);
  });

  it('measures noise as a difference in either direction', () => {
    const medians = new Map([
      ['floor', [100]],
      ['again', [80]],
    ]);
    expect(noiseOf(medians, 'again', 'floor')).toBe(1.25);
    expect(noiseOf(medians, 'floor', 'again')).toBe(1.25);
    expect(percent(1.25)).toBe('25.0 %');
  });
});
