import type { RowResult } from './run-row.js';

/** The results of all rows as lines, one each, under a line of headings. */
export function tableOf(results: readonly RowResult[]): string[] {
  const cells = results.map(({ row, passed, failed, skipped, seconds }) => [
    row.node.version,
    row.python.version,
    ...[passed, failed, skipped].map(String),
    `${seconds.toFixed(0)} s`,
  ]);
  const rows = [['node', 'python', 'passed', 'failed', 'skipped', 'time'], ...cells];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  // Versions to the left, numbers to the right.
  return rows.map((row) =>
    row.map((cell, at) => (at < 2 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  '),
  );
}

/** The last line: `N passed, N failed`, over all rows. */
export function sumLine(results: readonly RowResult[]): string {
  const total = (count: 'passed' | 'failed'): number => results.reduce((sum, row) => sum + row[count], 0);
  return `${total('passed')} passed, ${total('failed')} failed`;
}
