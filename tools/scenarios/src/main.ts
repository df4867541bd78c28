/**
 * `npm run scenarios`: runs the scenarios and prints a table by number. Exits 1 where one fails.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Assertion {
  readonly fullName: string;
  readonly status: 'passed' | 'failed' | 'skipped' | 'pending' | 'todo';
  readonly duration?: number | null;
  readonly failureMessages: readonly string[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pypool-scenarios-'));
const report = join(folder, 'report.json');
const { status } = spawnSync(
  process.execPath,
  [
    fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url)),
    'run',
    '--root',
    root,
    '--reporter=json',
    `--outputFile=${report}`,
    ...process.argv.slice(2),
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
  testResults: { assertionResults: Assertion[] }[];
};
rmSync(folder, { recursive: true });

const byNumber = new Map<string, Assertion[]>();
for (const assertion of testResults.flatMap(({ assertionResults }) => assertionResults)) {
  const number = /\bS\d\d\b/.exec(assertion.fullName)?.[0] ?? '-';
  byNumber.set(number, [...(byNumber.get(number) ?? []), assertion]);
}
let failed = 0;
for (const [number, assertions] of [...byNumber].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const bad = assertions.filter((assertion) => assertion.status !== 'passed');
  failed += bad.length;
  const seconds = assertions.reduce((sum, { duration }) => sum + (duration ?? 0), 0) / 1000;
  const title = assertions[0]!.fullName.replace(/^.*?\bS\d\d\s*/, '');
  console.log(
    `${number.padEnd(4)} ${bad.length === 0 ? 'pass' : 'FAIL'} ${String(assertions.length).padStart(2)} tests ${seconds.toFixed(1).padStart(5)} s  ${title}`,
  );
  for (const { fullName, status: why, failureMessages } of bad)
    console.log(`     ${why}: ${fullName}\n${failureMessages.join('\n').replace(/^/gm, '       ')}`);
}
console.log(`${byNumber.size - (byNumber.has('-') ? 1 : 0)} scenarios, ${failed} tests not passed`);
process.exitCode = status === 0 && failed === 0 ? 0 : 1;
