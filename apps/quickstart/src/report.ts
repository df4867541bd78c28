import type { PythonPool } from 'pypool';
import { total, type ModuleFacts, type Totals } from './facts.js';
import type { SourceFile } from './library.js';
import { table } from './table.js';

interface PackageRow extends Totals {
  readonly name: string;
}

const MODULES_IN_NO_PACKAGE = '(no package)';

/** The census as a person wants to read it: the largest packages, the whole, and who is imported most. 80 columns wide at most. */
export function censusReport(
  files: readonly SourceFile[],
  facts: ReadonlyMap<string, ModuleFacts>,
  rows = 12,
): string {
  const byPackage = new Map<string, ModuleFacts[]>();
  for (const file of files) {
    const name = file.package ?? MODULES_IN_NO_PACKAGE;
    const modules = byPackage.get(name) ?? [];
    modules.push(facts.get(file.path)!);
    byPackage.set(name, modules);
  }
  const packages: PackageRow[] = [...byPackage]
    .map(([name, modules]) => ({ name, ...total(modules) }))
    .sort((a, b) => b.lines - a.lines);
  const shown = packages.slice(0, rows);
  const rest = packages.slice(rows);
  if (rest.length > 0) {
    const names = new Set(rest.map(({ name }) => name));
    const modules = files
      .filter((file) => names.has(file.package ?? MODULES_IN_NO_PACKAGE))
      .map((file) => facts.get(file.path)!);
    shown.push({ name: `(${rest.length} smaller)`, ...total(modules) });
  }
  shown.push({ name: 'all', ...total([...facts.values()]) });

  const census = table<PackageRow>(
    [
      { title: 'package', align: 'left', maxWidth: 15, cell: (row) => row.name },
      { title: 'lines', cell: (row) => row.lines },
      { title: 'functions', cell: (row) => row.functions },
      { title: 'classes', cell: (row) => row.classes },
      {
        title: 'docs',
        cell: (row) => `${Math.round((100 * row.documented) / Math.max(1, row.documentable))}%`,
      },
      { title: 'depth', cell: (row) => row.nesting },
      {
        title: 'longest function',
        align: 'left',
        maxWidth: 21,
        cell: ({ longest }) =>
          longest.lines === 0 ? '  -' : `${String(longest.lines).padStart(3)} ${longest.name}`,
      },
    ],
    shown,
  );
  const importers = new Map<string, number>();
  for (const { imports } of facts.values())
    for (const name of imports) importers.set(name, (importers.get(name) ?? 0) + 1);
  const favourites = [...importers]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, 5)
    .map(([name, count]) => `${name} (${count})`)
    .join(', ');
  return [
    census,
    '',
    'docs: definitions with a docstring; depth: most nested blocks; longest: lines',
    `most imported: ${favourites}`,
  ].join('\n');
}

/** What the app has measured itself. */
export interface Measured {
  readonly startMs: number;
  readonly seconds: number;
  readonly calls: number;
  /** Workers that are gone. */
  readonly gone: readonly GoneWorker[];
}

/** A worker that is gone, and why. */
export interface GoneWorker {
  readonly id: string;
  readonly calls: number;
  readonly why: string;
}

/** The pool's own figures. */
export function poolReport(pool: PythonPool, { startMs, seconds, calls, gone }: Measured): string {
  const { latency, workers } = pool.stats();
  const perWorker = [
    ...gone.map(({ id, calls: count, why }) => `${id}  ${String(count).padStart(4)} calls, ${why}`),
    ...pool
      .status()
      .workers.map(({ id, calls: count, state }) => `${id}  ${String(count).padStart(4)} calls, ${state}`),
  ];
  const ms = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(1)} ms`);
  return [
    `start     ${ms(startMs)} until the first worker was ready`,
    `calls     ${calls} answers in ${seconds.toFixed(2)} s (${Math.round(calls / seconds)} a second)`,
    `latency   p50 ${ms(latency.p50Ms)}, p99 ${ms(latency.p99Ms)}, the wait for a worker included`,
    `workers   ${workers.restarts} replaced`,
    ...perWorker.map((line) => `          ${line}`),
  ].join('\n');
}
