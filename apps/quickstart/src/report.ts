import type { PythonPool } from 'pypool';
import { total, type ModuleFacts, type Totals } from './facts.js';
import type { SourceFile } from './library.js';
import { table } from './table.js';

interface PackageRow extends Totals {
  readonly name: string;
}

const MODULES_IN_NO_PACKAGE = '(single modules)';

/** The census as a person wants to read it: the largest packages, the whole, and who is imported most. */
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
    shown.push({ name: `(${rest.length} smaller packages)`, ...total(modules) });
  }
  shown.push({ name: 'all', ...total([...facts.values()]) });

  const census = table<PackageRow>(
    [
      { title: 'package', align: 'left', cell: (row) => row.name },
      { title: 'modules', cell: (row) => row.modules },
      { title: 'lines', cell: (row) => row.lines },
      { title: 'functions', cell: (row) => row.functions },
      { title: 'classes', cell: (row) => row.classes },
      {
        title: 'documented',
        cell: (row) => `${Math.round((100 * row.documented) / Math.max(1, row.documentable))} %`,
      },
      { title: 'deepest block', cell: (row) => row.nesting },
      {
        title: 'longest function',
        align: 'left',
        cell: (row) => (row.longest.lines === 0 ? '-' : `${row.longest.name} (${row.longest.lines} lines)`),
      },
    ],
    shown,
  );
  const importers = new Map<string, number>();
  for (const { imports } of facts.values())
    for (const name of imports) importers.set(name, (importers.get(name) ?? 0) + 1);
  const favourites = [...importers]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, 8)
    .map(([name, count]) => `${name} (${count})`)
    .join(', ');
  return `${census}\n\nmost imported: ${favourites}`;
}

/** What the app has measured itself. */
export interface Measured {
  readonly startMs: number;
  readonly seconds: number;
  readonly calls: number;
  /** Calls of workers that are gone, by worker id. */
  readonly callsOfTheDead: ReadonlyMap<string, number>;
}

/** The pool's own figures. */
export function poolReport(pool: PythonPool, { startMs, seconds, calls, callsOfTheDead }: Measured): string {
  const { latency, workers } = pool.stats();
  const perWorker = [
    ...[...callsOfTheDead].map(([id, count]) => `${id}: ${count} (gone)`),
    ...pool.status().workers.map(({ id, calls: count }) => `${id}: ${count}`),
  ].join(', ');
  const ms = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(1)} ms`);
  return [
    `start     ${ms(startMs)} until the first worker was ready`,
    `calls     ${calls} answers in ${seconds.toFixed(2)} s (${Math.round(calls / seconds)} a second)`,
    `latency   p50 ${ms(latency.p50Ms)}, p99 ${ms(latency.p99Ms)}, the wait for a worker included`,
    `workers   calls each: ${perWorker}; ${workers.restarts} replaced`,
  ].join('\n');
}
