import { afterEach, describe, expect, it, vi } from 'vitest';
import { Checks } from './check.js';

describe('the checks', () => {
  const printed = vi.spyOn(console, 'log').mockReturnValue();
  afterEach(() => printed.mockClear());

  it('let the app exit with 0 while every claim holds', () => {
    const checks = new Checks();
    checks.that('it works', true, 'it does not');
    checks.same('they are alike', { a: [1] }, { a: [1] });
    expect(checks.exitCode).toBe(0);
    expect(printed.mock.calls).toEqual([['✓ it works'], ['✓ they are alike']]);
  });

  it('let it exit with 1 once one has failed, and say which and why', () => {
    const checks = new Checks();
    checks.that('nothing is left', false, 'pids 7, 8');
    checks.same('they are alike', [1], [2]);
    checks.that('it works', true);
    expect(checks.exitCode).toBe(1);
    expect(printed.mock.calls).toEqual([
      ['✗ nothing is left: pids 7, 8'],
      ['✗ they are alike: they differ'],
      ['✓ it works'],
    ]);
  });
});
