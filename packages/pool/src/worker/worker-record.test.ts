import { describe, expect, it } from 'vitest';

import { Backoff } from './backoff.js';
import { Roster } from './roster.js';
import { WorkerRecord } from './worker-record.js';

describe('WorkerRecord', () => {
  it('refuses a way that its table does not have', () => {
    const record = new WorkerRecord('pool-0.1', 0, 1, 0);
    record.moveTo({ kind: 'ready', since: 1 });
    expect(() => record.moveTo({ kind: 'starting', since: 2 })).toThrowError(
      expect.objectContaining({
        code: 'internal',
        message: expect.stringContaining('from ready to starting'),
      }),
    );
  });
});

describe('Roster', () => {
  const ready = (roster: Roster) => {
    const record = new WorkerRecord('any', roster.freeSlot(), 1, 0);
    roster.add(record);
    roster.move(record, { kind: 'ready', since: 0 });
    return record;
  };

  it('gives the smallest free slot, and marks the highest ones as overflow', () => {
    const roster = new Roster(2);
    const [first, second, third] = [ready(roster), ready(roster), ready(roster)];
    expect([first, second, third].map(({ slot }) => slot)).toEqual([0, 1, 2]);
    expect(third.overflow).toBe(true);
    roster.move(first, { kind: 'dead', since: 1 });
    expect(third.overflow).toBe(false);
    expect(ready(roster)).toMatchObject({ slot: 0, overflow: false });
    expect(third.overflow).toBe(true);
    expect(roster.ready.map(({ slot }) => slot)).toEqual([0, 1, 2]);
  });

  it('counts a worker that leaves by our will until it is gone, and a dying one no more', () => {
    const roster = new Roster(2);
    const [first, second] = [ready(roster), ready(roster)];
    roster.move(first, { kind: 'retiring', since: 1, reason: 'idle' });
    roster.move(second, { kind: 'retiring', since: 1, reason: 'unavailable' });
    expect(roster.live).toBe(1);
    expect(roster.freeSlot()).toBe(2);
    roster.move(first, { kind: 'dead', since: 2 });
    expect(roster).toMatchObject({ live: 0, freePlaces: 0, readyPlaces: 0 });
  });
});

describe('Backoff', () => {
  const backoff = (free = 0) => new Backoff({ free, firstMs: 100, longestMs: 1_000, random: () => 1 });

  it('doubles its pauses up to a limit, and starts anew after a success', () => {
    const pauses = backoff();
    const seen = [1, 2, 3, 4, 5, 6].map((tried) => {
      pauses.failed(tried, tried, 0);
      return pauses.until;
    });
    expect(seen).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    pauses.succeeded();
    expect(pauses.failures).toBe(0);
    pauses.failed(7, 7, 0);
    expect(pauses.until).toBe(100);
  });

  it('takes failures of tries begun side by side for one', () => {
    const pauses = backoff();
    for (const tried of [1, 2, 3]) pauses.failed(tried, 3, 0);
    expect(pauses.failures).toBe(1);
    pauses.failed(4, 4, 0);
    expect(pauses.failures).toBe(2);
  });

  it('lets the first ones pass free', () => {
    const pauses = backoff(2);
    for (const tried of [1, 2]) pauses.failed(tried, tried, 0);
    expect(pauses.until).toBe(-Infinity);
    pauses.failed(3, 3, 0);
    expect(pauses.until).toBe(100);
  });

  it('stays a number after a thousand failures', () => {
    const pauses = backoff();
    for (let tried = 1; tried <= 2_000; tried += 1) pauses.failed(tried, tried, 0);
    expect(pauses.until).toBe(1_000);
  });
});
