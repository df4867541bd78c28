import { expect, it } from 'vitest';

import { costliest, largestGrowth } from './growth.js';

it('finds the function whose own time grows with the queue', () => {
  const few = { 'scan (queue.js)': 0.2, 'settle (pool.js)': 2, '(garbage collector)': 0.1 };
  const many = { 'scan (queue.js)': 50, 'settle (pool.js)': 2.2, '(garbage collector)': 90 };
  expect(largestGrowth(few, many)).toEqual({ name: 'scan (queue.js)', growth: 250 });
});

it('finds one that no sample met while the queue was short', () => {
  const { name, growth } = largestGrowth(
    { 'settle (pool.js)': 2 },
    { 'settle (pool.js)': 2, 'scan (queue.js)': 8 },
  );
  expect(name).toBe('scan (queue.js)');
  expect(growth).toBeGreaterThan(50);
});

it('does not look at functions that cost next to nothing', () => {
  const few = { 'settle (pool.js)': 10 };
  expect(largestGrowth(few, { 'settle (pool.js)': 10, 'rare (pool.js)': 0.1 }).name).toBe('settle (pool.js)');
});

it('lists the costliest functions first', () => {
  expect(costliest({ a: 1, b: 3, c: 2 }, 2)).toBe('b 3.00 us, c 2.00 us');
});
