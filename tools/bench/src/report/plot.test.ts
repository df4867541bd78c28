import { expect, it } from 'vitest';

import { plotsOf } from './plot.js';
import type { Row } from './result.js';

function row(suite: string, subject: string, median: number, more: Partial<Row> = {}): Row {
  return {
    suite,
    case: 'a & b',
    subject,
    metric: 'time',
    unit: 'ms',
    median,
    min: median,
    max: median,
    ...more,
  };
}

function widthsOf(svg: string): number[] {
  return Array.from(svg.matchAll(/<rect x="\d+" y="[\d.]+" width="([\d.]+)"/g), ([, width]) => Number(width));
}

it('draws a plot for each suite, whose bars are as long as the medians are large', () => {
  const plots = plotsOf([row('one', 'pypool', 10), row('two', 'floor', 1), row('one', 'floor', 5)]);
  expect([...plots.keys()]).toEqual(['one', 'two']);
  const [long, short] = widthsOf(plots.get('one')!) as [number, number];
  expect(long).toBeCloseTo(2 * short, 0);
});

it('gives each case and metric a scale of its own', () => {
  const plot = plotsOf([row('one', 'pypool', 1), row('one', 'pypool', 1000, { metric: 'items' })]).get(
    'one',
  )!;
  const [first, second] = widthsOf(plot);
  expect(first).toBe(second);
});

it('leaves room for the greatest value, and draws what is nothing or less as nothing', () => {
  const plot = plotsOf([row('one', 'a', 5, { max: 10 }), row('one', 'b', -3), row('none', 'c', 0)]);
  const [half, nothing] = widthsOf(plot.get('one')!) as [number, number];
  expect(half).toBe(170);
  expect(nothing).toBe(0);
  expect(widthsOf(plot.get('none')!)).toEqual([0]);
});

it('escapes what it writes', () => {
  const plot = plotsOf([row('one', '<b>', 1)]).get('one')!;
  expect(plot).toContain('a &amp; b: time, ms');
  expect(plot).toContain('&lt;b&gt;');
});
