/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Longer cells are cut. @defaultValue no limit */
  readonly maxWidth?: number;
  readonly cell: (row: Row) => string | number;
}

/** Lay rows out in columns as wide as their widest cell. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) =>
    columns.map(({ cell, maxWidth = Infinity }) => {
      const value = cell(row);
      const text = typeof value === 'number' ? value.toLocaleString('en-US') : value;
      return text.length > maxWidth ? `${text.slice(0, maxWidth - 1)}…` : text;
    }),
  );
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((line) => line[at]?.length ?? 0)),
  );
  const line = (parts: readonly string[]): string =>
    parts
      .map((part, at) =>
        columns[at]?.align === 'left' ? part.padEnd(widths[at] ?? 0) : part.padStart(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [
    line(columns.map(({ title }) => title)),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...cells.map(line),
  ].join('\n');
}
