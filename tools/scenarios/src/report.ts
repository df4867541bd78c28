import type { Assertion, Round } from './round.js';

/** Stands for tests that are of no scenario. */
const NO_NUMBER = '-';

/** `S32`, or a dash. */
export function numberOf({ fullName }: Assertion): string {
  return /\bS\d\d\b/.exec(fullName)?.[0] ?? NO_NUMBER;
}

/** All tests by their number, in its order. */
export function byNumber(assertions: readonly Assertion[]): [string, Assertion[]][] {
  const groups = new Map<string, Assertion[]>();
  for (const assertion of assertions) {
    const number = numberOf(assertion);
    groups.set(number, [...(groups.get(number) ?? []), assertion]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function notPassed(assertions: readonly Assertion[]): Assertion[] {
  return assertions.filter(({ status }) => status !== 'passed');
}

/** Whether everything ran and passed. */
export function isGood({ assertions, trouble }: Round): boolean {
  return trouble === undefined && assertions.length > 0 && notPassed(assertions).length === 0;
}

/** A table by number, and what went wrong. */
export function roundLines({ assertions, trouble }: Round): string[] {
  const groups = byNumber(assertions);
  const lines = groups.flatMap(([number, tests]) => {
    const bad = notPassed(tests);
    const seconds = tests.reduce((sum, { duration }) => sum + (duration ?? 0), 0) / 1000;
    const counts = `${String(tests.length).padStart(2)} tests ${seconds.toFixed(1).padStart(5)} s`;
    const title = tests[0]!.fullName.replace(/^.*?\bS\d\d\s*/, '');
    return [
      `${number.padEnd(4)} ${bad.length === 0 ? 'pass' : 'FAIL'} ${counts}  ${title}`,
      ...bad.flatMap(failureLines),
    ];
  });
  if (trouble !== undefined) lines.push(trouble);
  const scenarios = groups.filter(([number]) => number !== NO_NUMBER).length;
  return [...lines, `${scenarios} scenarios, ${notPassed(assertions).length} tests not passed`];
}

/** One line for a round of many, and what went wrong in it. */
export function shortLines(round: Round, at: number, rounds: number): string[] {
  const { seed, assertions, trouble, seconds } = round;
  const bad = notPassed(assertions);
  const counts = `${assertions.length - bad.length} passed, ${bad.length} not passed`;
  const place = `round ${String(at).padStart(String(rounds).length)}/${rounds}`;
  return [
    `${place}  seed ${seed}  ${counts}  ${seconds.toFixed(0)} s`,
    ...bad.flatMap(failureLines),
    ...(trouble === undefined ? [] : [trouble]),
  ];
}

/** Of many rounds: how often each number failed and with which seeds, and a line that sums them up. */
export function repeatLines(rounds: readonly Round[]): string[] {
  const failures = new Map<string, number[]>();
  const note = (what: string, seed: number): void => {
    failures.set(what, [...(failures.get(what) ?? []), seed]);
  };
  for (const { seed, assertions, trouble } of rounds) {
    for (const number of new Set(notPassed(assertions).map(numberOf))) note(number, seed);
    if (trouble !== undefined || assertions.length === 0) note('no test', seed);
  }
  const lines = [...failures]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([what, seeds]) => `${what.padEnd(4)} failed in ${seeds.length} of ${rounds.length}: ${seedsOf(seeds)}`,
    );
  const passed = rounds.reduce((sum, { assertions }) => sum + assertions.length, 0);
  const bad = rounds.filter((round) => !isGood(round)).length;
  const tests = passed - rounds.reduce((sum, { assertions }) => sum + notPassed(assertions).length, 0);
  const outcome = bad === 0 ? 'none failed' : `${bad} failed`;
  return [...lines, `${rounds.length} rounds, ${outcome}, ${tests} tests passed`];
}

function seedsOf(seeds: readonly number[]): string {
  return `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`;
}

function failureLines({ fullName, status, failureMessages }: Assertion): string[] {
  return [`     ${status}: ${fullName}`, failureMessages.join('\n').replace(/^/gm, '       ')];
}
