import { describe, expect, it } from 'vitest';

import { ServiceTimes, UNKNOWN_US } from './service-times.js';

describe('how long calls take', () => {
  it('is more than anything that is sent ahead while nobody knows', () => {
    expect(new ServiceTimes().expectedUs('f')).toBe(UNKNOWN_US);
  });

  it('is known from the first, and for each function by itself', () => {
    const times = new ServiceTimes();
    times.took('f', 0.25);
    expect([times.expectedUs('f'), times.expectedUs('g')]).toEqual([250, UNKNOWN_US]);
  });

  it('is never nothing, and a whole number', () => {
    const times = new ServiceTimes();
    for (const ms of [0, 0.0004, 0.0017]) {
      times.took('f', ms);
      expect(times.expectedUs('f')).toBeGreaterThan(0);
      expect(Number.isInteger(times.expectedUs('f'))).toBe(true);
    }
  });

  it('is over a millisecond at once after a long call, and below it again some dozens of calls later', () => {
    const times = new ServiceTimes();
    for (let n = 0; n < 100; n += 1) times.took('f', 0.01);
    times.took('f', 2_000);
    expect(times.expectedUs('f')).toBeGreaterThan(100_000);
    let calls = 0;
    for (; times.expectedUs('f') > 1_000; calls += 1) times.took('f', 0.01);
    expect(calls).toBeGreaterThan(30);
    expect(calls).toBeLessThan(120);
  });
});
