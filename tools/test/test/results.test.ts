import { describe, expect, it } from 'vitest';
import { closingLine, isGreen, noResults, skippedLines, sum } from '../results.js';

describe('results', () => {
  it('are added up over all runners', () => {
    const skipped = { test: 'a', reason: 'no numpy' };
    const all = sum([
      { passed: 2, failed: 1, skipped: [skipped] },
      { passed: 3, failed: 0, skipped: [] },
    ]);
    expect(all).toEqual({ passed: 5, failed: 1, skipped: [skipped] });
  });

  it('close with a line that is the same whatever was skipped', () => {
    expect(closingLine({ passed: 5, failed: 0, skipped: [] })).toBe('5 passed, 0 failed');
    const skipped = [{ test: 'a', reason: 'b' }];
    expect(closingLine({ passed: 5, failed: 1, skipped })).toBe('5 passed, 1 failed');
  });

  it('name a skipped test with its reason, and only count those that share one', () => {
    const skipped = ['a', 'b', 'c'].map((test) => ({ test, reason: test === 'b' ? 'no GPU' : 'no numpy' }));
    expect(skippedLines({ passed: 0, failed: 0, skipped })).toEqual(['2 tests: no numpy', 'b: no GPU']);
  });

  it('are green only if something ran and nothing failed', () => {
    expect(isGreen({ passed: 1, failed: 0, skipped: [] })).toBe(true);
    expect(isGreen({ passed: 1, failed: 1, skipped: [] })).toBe(false);
    expect(isGreen(noResults())).toBe(false);
  });
});
