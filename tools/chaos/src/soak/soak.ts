import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { createPythonPool, type PoolStats } from 'pypool';
import { HANDLERS } from '../lab.js';
import { Load } from '../load/load.js';
import { PatientCalls } from '../load/patient-calls.js';
import { LatencyLog } from './latency-log.js';
import { trendOf, type Trend } from './trend.js';

/** Time between two samples. Unit: milliseconds. */
const SAMPLE_MS = 5_000;
/** The part of the time that a pool and V8 may take to reach their size. */
const WARM_UP = 0.2;
/** Slope of any figure from which on it is not flat. Unit: per cent of the mean a minute. */
const MAX_SLOPE_PERCENT = 1;
const CALLERS = 16;

/** What was seen at one moment. */
export interface Sample {
  readonly minutes: number;
  readonly rssMiB: number;
  readonly descriptors: number;
  readonly p99Ms: number;
  readonly calls: number;
}

/** The figures that must be flat. */
export const FIGURES = ['rssMiB', 'descriptors', 'p99Ms'] as const;

/** What a soak came to. */
export interface SoakResult {
  readonly minutes: number;
  readonly samples: readonly Sample[];
  readonly trends: Readonly<Record<(typeof FIGURES)[number], Trend>>;
  readonly stats: PoolStats;
  /** Calls that failed for no reason of their own, by what they were told. */
  readonly wrong: ReadonlyMap<string, number>;
  /** What is not as it should be, for people. */
  readonly failures: readonly string[];
}

/** Keep a pool at full load with recycling on, and watch what it holds. */
export async function runSoak(minutes: number, onSample: (sample: Sample) => void): Promise<SoakResult> {
  const log = new LatencyLog();
  const pool = await createPythonPool({
    module: HANDLERS,
    name: 'soak',
    size: 2,
    minReady: 2,
    overflow: 0,
    // Every few seconds a worker, at some thousand calls a second.
    maxCalls: 10_000,
    env: { set: { CHAOS_LEDGER: '/dev/null' } },
  });
  const patient = new PatientCalls({ pool, log }, new AbortController().signal);
  const load = new Load({ seed: 1, patient: { callers: CALLERS, one: (random) => patient.one(random) } });
  const samples: Sample[] = [];
  const began = performance.now();
  const now = () => (performance.now() - began) / 60_000;
  while (now() < minutes) {
    await wait(SAMPLE_MS);
    const sample = {
      minutes: now(),
      rssMiB: process.memoryUsage.rss() / 2 ** 20,
      descriptors: readdirSync('/proc/self/fd').length,
      p99Ms: log.takeP99Ms(),
      calls: log.made,
    };
    samples.push(sample);
    onSample(sample);
  }
  await load.stop();
  const stats = pool.stats();
  await pool.close();
  const judged = samples.filter((sample) => sample.minutes >= minutes * WARM_UP);
  const trendFor = (figure: (typeof FIGURES)[number]) =>
    trendOf(judged.map((sample) => [sample.minutes, sample[figure]]));
  const trends = {
    rssMiB: trendFor('rssMiB'),
    descriptors: trendFor('descriptors'),
    p99Ms: trendFor('p99Ms'),
  };
  const failures = FIGURES.filter((figure) => trends[figure].slopePercent >= MAX_SLOPE_PERCENT)
    .map((figure) => `${figure} grows by ${trends[figure].slopePercent.toFixed(2)} % a minute`)
    .concat([...log.wrong].map(([what, times]) => `${times} calls failed: ${what}`));
  return { minutes, samples, trends, stats, wrong: log.wrong, failures };
}
