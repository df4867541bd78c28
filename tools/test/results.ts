/** What test runners found, in the shape that lets TypeScript's and Python's be added up. */
export interface Results {
  passed: number;
  failed: number;
  readonly skipped: SkippedTest[];
}

export interface SkippedTest {
  readonly test: string;
  readonly reason: string;
}

export function noResults(): Results {
  return { passed: 0, failed: 0, skipped: [] };
}

export function sum(all: readonly Results[]): Results {
  return {
    passed: all.reduce((total, { passed }) => total + passed, 0),
    failed: all.reduce((total, { failed }) => total + failed, 0),
    skipped: all.flatMap(({ skipped }) => skipped),
  };
}

/** A run in which nothing ran has not succeeded. */
export function isGreen({ passed, failed }: Results): boolean {
  return failed === 0 && passed > 0;
}

/** The line that closes a run, for people and for machines. */
export function closingLine({ passed, failed }: Results): string {
  return `${passed} passed, ${failed} failed`;
}

/** What was skipped and why: a reason that many tests share takes one line. */
export function skippedLines({ skipped }: Results): string[] {
  const testsOf = new Map<string, string[]>();
  for (const { test, reason } of skipped) testsOf.set(reason, [...(testsOf.get(reason) ?? []), test]);
  return [...testsOf].map(
    ([reason, tests]) => `${tests.length === 1 ? tests[0] : `${tests.length} tests`}: ${reason}`,
  );
}

/** One line for each part of a run: `packages/pool   113 passed   1.2 s`. */
export function partLine(part: string, results: Results, elapsedMs: number): string {
  const failed = results.failed === 0 ? '' : `, ${results.failed} FAILED`;
  const skipped = results.skipped.length === 0 ? '' : `, ${results.skipped.length} skipped`;
  const counts = `${String(results.passed).padStart(5)} passed${failed}${skipped}`;
  return `${part.padEnd(26)}${counts.padEnd(30)}${(elapsedMs / 1000).toFixed(1).padStart(6)} s`;
}
