import { describe, expect, it } from 'vitest';

import { Random } from '../random.js';
import { medians, trendOf } from './trend.js';

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

describe('medians', () => {
  it('stand for the points of a while, and leave out what is left over at the beginning', () => {
    const points = [9, 1, 2, 30, 4, 50, 6].map((value, at) => [at, value] as const);
    expect(medians(points, 3)).toEqual([
      [2, 2],
      [5, 6],
    ]);
    expect(medians(points, 2)).toEqual([
      [1.5, 1.5],
      [3.5, 17],
      [5.5, 28],
    ]);
  });

  it('hide no growth, and no burst that is over makes one', () => {
    const growing = minutes.map((at) => [at, 100 + 2 * at] as const);
    expect(trendOf(medians(growing, 6)).slopePercent).toBeCloseTo(trendOf(growing).slopePercent);
    const burst = minutes.map((at, n) => [at, n === 94 ? 2_000 : 100] as const);
    expect(trendOf(burst).slopePercent).toBeGreaterThan(1);
    expect(trendOf(medians(burst, 6)).slopePercent).toBe(0);
  });
});
