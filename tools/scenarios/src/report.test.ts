import { describe, expect, it } from 'vitest';
import { isGood, repeatLines, roundLines } from './report.js';
import type { Assertion, Round } from './round.js';

const test = (fullName: string, status: Assertion['status'] = 'passed'): Assertion => ({
  fullName,
  status,
  duration: 1_500,
  failureMessages: status === 'failed' ? ['expected 1 to be 2'] : [],
});
const round = (seed: number, ...assertions: Assertion[]): Round => ({
  seed,
  assertions,
  trouble: undefined,
  seconds: 3,
});

describe('the report of the scenarios', () => {
  it('has a line for each number, with what failed', () => {
    const one = round(1, test('death S34 a segfault'), test('S02 ready'), test('death S34 again', 'failed'));
    expect(roundLines(one)).toEqual([
      'S02  pass  1 tests   1.5 s  ready',
      'S34  FAIL  2 tests   3.0 s  a segfault',
      '     failed: death S34 again',
      '       expected 1 to be 2',
      '2 scenarios, 1 tests not passed',
    ]);
    expect(isGood(one)).toBe(false);
  });

  it('counts by number in how many rounds it failed, with their seeds', () => {
    const good = round(7, test('S01 a'), test('S02 b'));
    const bad = round(8, test('S01 a', 'failed'), test('S01 b', 'failed'), test('S02 b', 'skipped'));
    const worse = round(9, test('S01 a', 'failed'), test('S02 b'));
    expect(repeatLines([good, bad, worse])).toEqual([
      'S01  failed in 2 of 3: seeds 8, 9',
      'S02  failed in 1 of 3: seed 8',
      '3 rounds, 2 failed, 3 tests passed',
    ]);
    expect(repeatLines([good, good])).toEqual(['2 rounds, none failed, 4 tests passed']);
  });

  it('takes a round for failed in which nothing ran, or that no test explains', () => {
    expect(isGood(round(1))).toBe(false);
    expect(isGood({ ...round(1, test('S01 a')), trouble: 'Vitest ended with SIGKILL' })).toBe(false);
    expect(repeatLines([round(4)])).toEqual([
      'no test failed in 1 of 1: seed 4',
      '1 rounds, 1 failed, 0 tests passed',
    ]);
  });
});
