import { type FileCoverage, shareTaken } from './coverage.js';
import type { Finding, FuzzResult } from './fuzz.js';
import type { GuidedResult } from './guided.js';

/** What must be reached of the decoders, and how many inputs must get past the header. */
const LEAST_TAKEN = 0.95;
const LEAST_PASSED = 0.5;

/** Findings are shown whole in the JSON. */
const SHOWN = 1200;

/** Everything that a run came to. */
export interface Report {
  readonly result: FuzzResult;
  readonly guided: GuidedResult | undefined;
  readonly javascript: readonly FileCoverage[];
  /** `undefined` where there is no coverage.py. */
  readonly python: readonly FileCoverage[] | undefined;
  readonly missing: readonly string[];
}

/** Every defect that was found, by whichever part. */
export function findingsOf({ result, guided }: Report): readonly Finding[] {
  const more = (guided?.findings ?? []).map((each) => ({ ...each, language: 'python' as const, times: 1 }));
  return [...result.findings, ...more];
}

/** What of the aims was missed, as sentences. Defects always count; how far a run reached only where that is asked. */
export function failuresOf(report: Report, all: boolean): string[] {
  const { result, javascript, python } = report;
  const failures: string[] = [];
  const defects = findingsOf(report).length;
  if (defects > 0) failures.push(`${defects} defects were found`);
  if (!all) return failures;
  if (result.headerPassed < LEAST_PASSED * result.inputs)
    failures.push(
      `only ${percent(result.headerPassed / result.inputs)} of the inputs passed the header checks`,
    );
  for (const [language, files] of [['TypeScript', javascript] as const, ['Python', python] as const]) {
    if (files !== undefined && shareTaken(files) < LEAST_TAKEN)
      failures.push(
        `only ${percent(shareTaken(files))} of the branches of the ${language} decoders were taken`,
      );
  }
  return failures;
}

/** A run as text for people. */
export function renderReport(report: Report): string {
  const { result, guided, javascript, python, missing } = report;
  const lines = [
    '',
    row(
      'inputs, each to both languages',
      grouped(result.inputs),
      `${grouped(Math.round(result.inputs / result.seconds))} a second`,
    ),
    row('  past the header checks', percent(result.headerPassed / result.inputs)),
    ...Object.entries(result.endings).map(([name, times]) =>
      row(`  streams that end with: ${name}`, grouped(times)),
    ),
    row(
      '  frames',
      grouped(result.frames),
      `${grouped(result.compared)} decoded to the same value in both languages`,
    ),
    row('  kept, for leading somewhere new', grouped(result.corpus.length)),
  ];
  if (guided !== undefined) {
    lines.push(
      row(
        'inputs of atheris, to Python',
        grouped(guided.inputs),
        `${percent(guided.headerPassed / guided.inputs)} past the header checks`,
      ),
    );
  }
  lines.push(
    row(
      'most memory held',
      megabytes(result.peakRssBytes.javascript),
      `Node; Python ${megabytes(result.peakRssBytes.python)}`,
    ),
    '',
    'branches of the decoders that were taken',
    ...coverageLines('TypeScript', javascript),
    ...(python === undefined ? ['  Python: not measured'] : coverageLines('Python', python)),
    '',
    ...missing.map((line) => `SKIPPED ${line}`),
    row('defects', String(findingsOf(report).length)),
  );
  for (const { language, about, hex, times } of findingsOf(report)) {
    lines.push('', `${language}, ${times} times: ${about.slice(0, SHOWN)}`, `  input ${hex.slice(0, SHOWN)}`);
  }
  lines.push(`repeat with --seed ${result.seed} --inputs ${result.asked}`, '');
  return lines.join('\n');
}

/** A run as data. */
export function reportJson(report: Report, failures: readonly string[]): unknown {
  const { corpus, ...result } = report.result;
  const { guided } = report;
  return {
    ...result,
    findings: findingsOf(report),
    kept: corpus.length,
    guided: guided && {
      inputs: guided.inputs,
      headerPassed: guided.headerPassed,
      found: guided.found.length,
    },
    coverage: {
      typescript: { taken: shareTaken(report.javascript), files: report.javascript },
      python: report.python && { taken: shareTaken(report.python), files: report.python },
    },
    missing: report.missing,
    failures,
  };
}

function coverageLines(language: string, files: readonly FileCoverage[]): string[] {
  return [
    row(`  ${language}`, percent(shareTaken(files))),
    ...files
      .filter(({ branches }) => branches > 0)
      .map(({ file, branches, taken, missing }) =>
        row(`    ${file}`, `${taken}/${branches}`, missing.length > 0 ? `not: ${missing.join(', ')}` : ''),
      ),
  ];
}

function row(name: string, figure: string, more = ''): string {
  return `${name.padEnd(40)} ${figure.padStart(12)}  ${more}`.trimEnd();
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

function grouped(count: number): string {
  return count.toLocaleString('en').replaceAll(',', ' ');
}
