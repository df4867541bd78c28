import { grouped } from './grouped.js';
import type { Ratio, Row, SuiteResult } from './result.js';

/** The result as text for people, with a word on each ratio. */
export function renderResult(
  { rows, ratios, notes }: SuiteResult,
  verdict: (ratio: Ratio) => string = ({ holds }) => (holds ? 'holds' : 'DOES NOT HOLD'),
): string {
  return [...tablesOf(rows), ratioTable(ratios, verdict), ...notes.map((note) => `note: ${note}`), '']
    .filter((part) => part !== undefined)
    .join('\n');
}

function tablesOf(rows: readonly Row[]): string[] {
  const cases = grouped(rows, (row) => `${row.suite}: ${row.case}`);
  return Array.from(cases, ([name, ofCase]) => {
    const cells = ofCase.map((row) => [
      row.subject,
      row.metric,
      row.unit,
      ...[row.median, row.min, row.max].map(rounded),
    ]);
    return `\n${name}\n${aligned([['subject', 'metric', 'unit', 'median', 'min', 'max'], ...cells])}`;
  });
}

function ratioTable(ratios: readonly Ratio[], verdict: (ratio: Ratio) => string): string | undefined {
  if (ratios.length === 0) return undefined;
  const cells = ratios.map((ratio) => [ratio.name, rounded(ratio.value), `<= ${ratio.goal}`, verdict(ratio)]);
  return `\n${aligned([['ratio', 'value', 'goal', ''], ...cells])}\n`;
}

/** To three digits. */
export function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}

/** Columns by the widest cell; a column of figures is aligned to the right. */
function aligned(table: readonly (readonly string[])[]): string {
  const columns = table[0]!.map((_, column) => table.map((line) => line[column]!));
  const padded = columns.map((cells) => {
    const width = Math.max(...cells.map((cell) => cell.length));
    const numeric = cells.slice(1).every((cell) => /^[\d.]+$/.test(cell));
    return cells.map((cell) => (numeric ? cell.padStart(width) : cell.padEnd(width)));
  });
  return table.map((_, line) => `  ${padded.map((cells) => cells[line]!).join('  ')}`.trimEnd()).join('\n');
}
