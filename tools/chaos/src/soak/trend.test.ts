import { describe, expect, it } from 'vitest';

import { Random } from '../random.js';
import { trendOf } from './trend.js';

const minutes = Array.from({ length: 96 }, (_, n) => 2 + n / 12);

describe('a trend', () => {
  it('is nothing where nothing moves', () => {
    expect(trendOf(minutes.map((at) => [at, 30]))).toEqual({ mean: 30, slopePercent: 0, errorPercent: 0 });
  });

  it('is a share of the mean, a minute', () => {
    // From 98 to 102 within eight minutes, and the mean in the middle.
    const trend = trendOf(minutes.map((at) => [at, 100 + 0.5 * (at - (minutes[0]! + minutes[95]!) / 2)]));
    expect(trend.mean).toBeCloseTo(100);
    expect(trend.slopePercent).toBeCloseTo(0.5);
    expect(trend.errorPercent).toBeCloseTo(0);
  });

  it('is found below noise', () => {
    const random = new Random(7);
    const trend = trendOf(minutes.map((at) => [at, 100 + 2 * at + random.between(-5, 5)]));
    expect(trend.slopePercent).toBeGreaterThan(1);
    expect(trend.errorPercent).toBeGreaterThan(0);
    expect(trend.errorPercent).toBeLessThan(0.3);
  });
});
