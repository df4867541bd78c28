import type { LabResult } from '../lab.js';
import { grouped, table } from './table.js';

/** Breaches that are shown of one check; the JSON has more of them. */
const SHOWN = 5;
const KEPT = 1_000;

const ENDS = {
  result: 'results',
  left: 'streams left by their consumers',
  'not-started': 'not started',
  unknown: 'unknown',
  finished: 'finished, no result',
  open: 'never settled',
} as const;

/** Breaches of all checks. */
export function violations({ findings }: LabResult): number {
  return findings.reduce((sum, { breaches }) => sum + breaches.length, 0);
}

/** A run as text for people. */
export function renderLab(result: LabResult): string {
  const { calls, faults, findings, seconds, seed, stats } = result;
  const tally = calls.tally();
  const ends = (Object.keys(ENDS) as (keyof typeof ENDS)[]).flatMap((verdict) => {
    const codes = [...(tally.get(verdict) ?? [])].sort(([, a], [, b]) => b - a);
    const all = codes.reduce((sum, [, times]) => sum + times, 0);
    const byCode = codes.filter(([code]) => code !== '').map(([code, times]) => `${code} ${grouped(times)}`);
    return all === 0 ? [] : [[`  ${ENDS[verdict]}`, all, wrapped(byCode)] as const];
  });
  const done = [...faults].sort(([, a], [, b]) => b - a);
  const allFaults = done.reduce((sum, [, times]) => sum + times, 0);
  const checks = findings.flatMap(({ check, says, breaches }) => [
    `  ${breaches.length === 0 ? 'ok  ' : 'FAIL'}  ${says}${breaches.length === 0 ? '' : ` (${check}: ${breaches.length})`}`,
    ...breaches.slice(0, SHOWN).map((breach) => `          ${breach}`),
  ]);
  return [
    '',
    table([
      ['calls', calls.made, `${grouped(Math.round(calls.made / seconds))} a second, ${seconds.toFixed(1)} s`],
      ...ends,
      ['  given to a second worker', stats.calls.retried],
      ['faults', allFaults],
      ...done.map(([kind, times]) => [`  ${kind}`, times]),
      ['workers started', stats.workers.starts, `${grouped(stats.workers.startFailures)} starts failed`],
      [
        'latency of results',
        `${stats.latency.p50Ms?.toFixed(1) ?? '-'} ms`,
        `p50; p99 ${stats.latency.p99Ms?.toFixed(1) ?? '-'} ms`,
      ],
    ]),
    'checks',
    ...checks,
    table([['violations', violations(result)]]),
    `repeat with --seed ${seed}`,
    '',
  ].join('\n');
}

/** A run as data. */
export function labJson(result: LabResult): unknown {
  const { calls, faults, findings, seconds, seed, stats, pool } = result;
  return {
    seed,
    pool,
    seconds,
    calls: calls.made,
    settled: Object.fromEntries([...calls.tally()].map(([end, codes]) => [end, Object.fromEntries(codes)])),
    faults: Object.fromEntries(faults),
    stats,
    violations: violations(result),
    findings: findings.map((finding) => ({ ...finding, breaches: finding.breaches.slice(0, KEPT) })),
  };
}

/** The most frequent ones, in one line. */
function wrapped(parts: readonly string[]): string {
  const shown = parts.slice(0, 6).join(', ');
  return parts.length > 6 ? `${shown}, ...` : shown;
}
