import { expect, it } from 'vitest';

import { isFarOff, untilNear } from './quick.js';
import type { SuiteResult } from './report/result.js';

function resultWith(values: Readonly<Record<string, number>>): SuiteResult {
  const ratios = Object.entries(values).map(([name, value]) => ({ name, value, goal: 1, holds: value <= 1 }));
  return { rows: [], ratios, notes: [] };
}

/** Runs whose ratios are these, one after the other; and how many there were. */
function runsOf(...tries: Readonly<Record<string, number>>[]) {
  let made = 0;
  const run = (attempt: number): Promise<SuiteResult> => {
    made += 1;
    expect(attempt).toBe(made);
    return Promise.resolve(resultWith(tries[made - 1]!));
  };
  return { run, made: () => made };
}

it.each([
  [1, 1, false],
  [2, 1, false],
  [2.01, 1, true],
  [0.26, 1 / 8, true],
  [NaN, 1, true],
])('takes %d for a goal of %d as far off: %s', (value, goal, expected) => {
  expect(isFarOff({ name: 'a', value, goal, holds: false })).toBe(expected);
});

it('is done with one try where no ratio is far off, whether its goal was reached or not', async () => {
  const { run, made } = runsOf({ a: 1.9, b: 0.5 });
  expect((await untilNear(run)).farOff).toEqual([]);
  expect(made()).toBe(1);
});

it('tries again until each ratio has been near once, be it in different tries', async () => {
  const { run, made } = runsOf({ a: 3, b: 3 }, { a: 1, b: 3 }, { a: 3, b: 1 });
  const { farOff, result } = await untilNear(run);
  expect(farOff).toEqual([]);
  expect(made()).toBe(3);
  expect(result.ratios.map(({ value }) => value)).toEqual([3, 1]);
});

it('names the ratios that were far off in each of three tries', async () => {
  const { run, made } = runsOf({ a: 3, b: 3 }, { a: 3, b: 1 }, { a: 9, b: 3 }, { a: 1, b: 1 });
  expect((await untilNear(run)).farOff).toEqual(['a']);
  expect(made()).toBe(3);
});
