import { describe, expect, it } from 'vitest';
import { Seconds } from './seconds.js';

const NOTHING = { queued: 0, running: 0 };

describe('the seconds of a pool', () => {
  it('count what ended in each, and are finished by what comes later', () => {
    const seconds = new Seconds(10_000);
    seconds.ended(10_100, 5, false);
    seconds.ended(10_900, 5, true);
    expect(seconds.from(0)).toEqual([]);
    seconds.ended(12_000, 100, false);
    expect(seconds.from(0)).toMatchObject([{ time: 10_000, calls: 2, failures: 1, queued: null }]);
    seconds.look(13_020, { queued: 4, running: 2 });
    expect(seconds.from(11_000)).toMatchObject([
      { time: 12_000, calls: 1, failures: 0, queued: 4, running: 2 },
    ]);
  });

  it('have quantiles that are right to 5 %', () => {
    const seconds = new Seconds(0);
    for (let ms = 1; ms <= 1_000; ms += 1) seconds.ended(1, ms, false);
    seconds.look(1_000, NOTHING);
    const [sample] = seconds.from(0);
    expect(sample!.p50Ms! / 500).toBeCloseTo(1.025, 1);
    expect(sample!.p99Ms! / 990).toBeCloseTo(1.025, 1);
  });

  it('in which nothing happened are there where somebody looked', () => {
    const seconds = new Seconds(0);
    seconds.look(1_020, NOTHING);
    expect(seconds.from(0)).toEqual([
      { time: 0, calls: 0, failures: 0, p50Ms: null, p99Ms: null, queued: 0, running: 0 },
    ]);
  });

  it('are kept for five minutes', () => {
    const seconds = new Seconds(0);
    for (let second = 1; second <= 400; second += 1) seconds.look(second * 1_000, NOTHING);
    expect(seconds.from(0)).toHaveLength(300);
    expect(seconds.from(0)[0]!.time).toBe(100_000);
  });

  it('survive a clock that is set back', () => {
    const seconds = new Seconds(10_000);
    seconds.ended(10_000, 1, false);
    seconds.ended(5_000, 1, false);
    seconds.look(11_000, NOTHING);
    expect(seconds.from(0)).toMatchObject([{ time: 10_000, calls: 2 }]);
  });
});
