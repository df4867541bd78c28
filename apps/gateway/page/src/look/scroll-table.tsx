import type { ComponentChildren, JSX } from 'preact';

export interface ScrollTableProps {
  /** What is in it, for those who do not see it. */
  readonly label: string;
  /** Titles of the columns. */
  readonly columns: readonly string[];
  /** Those of them that hold numbers, by title. */
  readonly numbers: readonly string[];
  /** Its rows. */
  readonly children: ComponentChildren;
}

/** A table that scrolls by itself, also by keyboard, where it is too long or too wide. */
export function ScrollTable({ label, columns, numbers, children }: ScrollTableProps): JSX.Element {
  return (
    <div class="scroll" role="region" aria-label={`${label}, a table to scroll`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((title) => (
              <th key={title} scope="col" class={numbers.includes(title) ? 'number' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
