import type { LabResult } from '../lab.js';
import { grouped, table } from './table.js';

/** Breaches that are shown of one check; the JSON has more of them. */
const SHOWN = 5;
const SHOWN_CODES = 6;

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
  return findings.reduce((sum, { count }) => sum + count, 0);
}

/** A run as text for people. */
export function renderLab(result: LabResult): string {
  const { calls, ends: workerEnds, faults, findings, seconds, seed, stats } = result;
  const tally = calls.tally();
  const ends = (Object.keys(ENDS) as (keyof typeof ENDS)[]).flatMap((verdict) => {
    const codes = tally.get(verdict) ?? new Map<string, number>();
    const all = total(codes);
    return all === 0 ? [] : [[`  ${ENDS[verdict]}`, all, mostFrequent(codes)] as const];
  });
  const done = [...faults].sort(([, a], [, b]) => b - a);
  const checks = findings.flatMap(({ check, says, count, breaches }) => [
    `  ${count === 0 ? 'ok  ' : 'FAIL'}  ${says}${count === 0 ? '' : ` (${check}: ${grouped(count)})`}`,
    ...breaches.slice(0, SHOWN).map((breach) => `          ${breach}`),
  ]);
  return [
    '',
    table([
      ['calls', calls.made, `${grouped(Math.round(calls.made / seconds))} a second, ${seconds.toFixed(1)} s`],
      ...ends,
      ['  given to a second worker', stats.calls.retried],
      ['  sent ahead', stats.prefetch.sentAhead],
      ['  of them taken back', stats.prefetch.takenBack],
      ['faults', total(faults)],
      ...done.map(([kind, times]) => [`  ${kind}`, times]),
      ['fork servers lost', workerEnds.lostForkServers],
      ['workers started', stats.workers.starts],
      ['  of them failed', total(workerEnds.failures), mostFrequent(workerEnds.failures)],
      ['workers ended', total(workerEnds.exits), mostFrequent(workerEnds.exits)],
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
  const { calls, ends, faults, findings, seconds, seed, stats, pool } = result;
  return {
    seed,
    pool,
    seconds,
    calls: calls.made,
    settled: Object.fromEntries([...calls.tally()].map(([end, codes]) => [end, Object.fromEntries(codes)])),
    faults: Object.fromEntries(faults),
    failedStarts: Object.fromEntries(ends.failures),
    workerExits: Object.fromEntries(ends.exits),
    lostForkServers: ends.lostForkServers,
    stats,
    violations: violations(result),
    findings,
  };
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, times) => sum + times, 0);
}

/** The most frequent ones that have a name, in one line. */
function mostFrequent(counts: ReadonlyMap<string, number>): string {
  const named = [...counts].filter(([name]) => name !== '').sort(([, a], [, b]) => b - a);
  const shown = named.slice(0, SHOWN_CODES).map(([name, times]) => `${name} ${grouped(times)}`);
  return shown.join(', ') + (named.length > SHOWN_CODES ? ', ...' : '');
}
