import type { Ratio, SuiteResult } from './report/result.js';

/** How often a suite is run until none of its ratios is far off. */
export const TRIES = 3;

/** A short run cannot tell whether a ratio reaches its goal, only that it is far from it: worse than half of that. */
export function isFarOff({ value, goal }: Ratio): boolean {
  // Written so that what is no number is far off too.
  return !(value <= goal * 2);
}

/** What came of a short run. */
export interface QuickOutcome {
  /** Of the last try. */
  readonly result: SuiteResult;
  /** Names of the ratios that were far off in each try. */
  readonly farOff: readonly string[];
}

/** Run a suite until each ratio has been near enough to its goal once, {@link TRIES} times at most. */
export async function untilNear(run: (attempt: number) => Promise<SuiteResult>): Promise<QuickOutcome> {
  let farOff: readonly string[] | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const result = await run(attempt);
    const now = result.ratios.filter(isFarOff).map(({ name }) => name);
    farOff = farOff === undefined ? now : farOff.filter((name) => now.includes(name));
    if (farOff.length === 0 || attempt === TRIES) return { result, farOff };
  }
}
