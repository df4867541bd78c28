/** What `census()` in Python returns for one module. */
export interface ModuleFacts {
  readonly lines: number;
  readonly functions: number;
  readonly classes: number;
  readonly documentable: number;
  readonly documented: number;
  /** Depth of the deepest block. */
  readonly nesting: number;
  readonly longest: { readonly name: string; readonly lines: number } | null;
  readonly imports: readonly string[];
  /** Why the file could not be parsed. */
  readonly skipped: string | null;
}

/** What `outline()` in Python yields. */
export interface Definition {
  readonly line: number;
  readonly depth: number;
  readonly kind: 'class' | 'def';
  readonly name: string;
}

/** What `library()` in Python returns. */
export interface Library {
  readonly folder: string;
  readonly python: string;
  readonly executable: string;
}

/** Several modules as one. */
export interface Totals {
  readonly modules: number;
  readonly lines: number;
  readonly functions: number;
  readonly classes: number;
  readonly documentable: number;
  readonly documented: number;
  readonly nesting: number;
  readonly longest: { readonly name: string; readonly lines: number };
  readonly skipped: number;
}

/** Add modules up. */
export function total(modules: readonly ModuleFacts[]): Totals {
  const sum = (count: (facts: ModuleFacts) => number): number =>
    modules.reduce((all, facts) => all + count(facts), 0);
  return {
    modules: modules.length,
    lines: sum((facts) => facts.lines),
    functions: sum((facts) => facts.functions),
    classes: sum((facts) => facts.classes),
    documentable: sum((facts) => facts.documentable),
    documented: sum((facts) => facts.documented),
    nesting: modules.reduce((most, facts) => Math.max(most, facts.nesting), 0),
    longest: modules.reduce(
      (longest, { longest: own }) => (own !== null && own.lines > longest.lines ? own : longest),
      { name: '', lines: 0 },
    ),
    skipped: sum((facts) => (facts.skipped === null ? 0 : 1)),
  };
}
