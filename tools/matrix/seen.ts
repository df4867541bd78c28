import { readFileSync } from 'node:fs';
import type { Row } from './rows.js';

/** Names the file in which the tests write on what they run: `test/versions.test.ts` and `tools/test/run_unittest.py`. */
export const SEEN_FILE = 'PYPOOL_TEST_VERSIONS';

/** One line of that file: a version in the words of who runs, from `process.version` or `sys.version`. */
export interface Seen {
  readonly who: 'vitest' | 'worker' | 'unittest';
  readonly version: string;
}

export function readSeen(file: string): Seen[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Seen);
}

/** What did not run on the versions of its row, or did not say so. Empty: the row is what it claims to be. */
export function impostors({ node, python, filters }: Row, seen: readonly Seen[]): string[] {
  const wanted: Seen[] = [
    { who: 'vitest', version: `v${node.version}` },
    { who: 'worker', version: python.version },
  ];
  if (filters.includes('python')) wanted.push({ who: 'unittest', version: python.version });
  return wanted.flatMap(({ who, version }) => {
    const said = seen.filter((one) => one.who === who).map((one) => one.version.split(' ')[0]);
    if (said.length === 0) return [`${who} did not say what it ran on`];
    return said.every((one) => one === version)
      ? []
      : [`${who} ran on ${said.join(', ')} instead of ${version}`];
  });
}
