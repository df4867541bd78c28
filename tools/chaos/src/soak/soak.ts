import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { createPythonPool, type PoolStats } from 'pypool';
import { HANDLERS } from '../lab.js';
import { Inputs } from '../load/inputs.js';
import { Load } from '../load/load.js';
import { PatientCalls } from '../load/patient-calls.js';
import { collectGarbage } from './collect-garbage.js';
import { LatencyLog } from './latency-log.js';
import { medians, trendOf, type Trend } from './trend.js';

/** Time between two samples. Unit: milliseconds. */
const SAMPLE_MS = 5_000;
/** Samples whose median counts where one says little: half a minute. */
const GROUPED = 6;
/** The part of the time that a pool and V8 may take to reach their size. */
const WARM_UP = 0.2;
/** Slope of any figure from which on it is not flat. Unit: per cent of the mean a minute. */
const MAX_SLOPE_PERCENT = 1;
/** With an error as large as the slope that is looked for, a figure says nothing, for or against. Unit: as before. */
const MAX_ERROR_PERCENT = MAX_SLOPE_PERCENT;
const CALLERS = 16;

/** What was seen at one moment. */
export interface Sample {
  readonly minutes: number;
  /** What Node holds once the garbage is collected. */
  readonly rssMiB: number;
  /** The same before. V8 lets garbage lie for minutes, and more of it at one time than at another. */
  readonly rssWithGarbageMiB: number;
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
    // About one a second, so that each sample has its share.
    maxCalls: 2_000,
    env: { set: { CHAOS_LEDGER: '/dev/null' } },
  });
  const patient = new PatientCalls(
    { pool, log, inputs: new Inputs() },
    new AbortController().signal,
    'mixed',
  );
  const load = new Load({ seed: 1, patient: { callers: CALLERS, one: (random) => patient.one(random) } });
  const samples: Sample[] = [];
  const began = performance.now();
  const now = () => (performance.now() - began) / 60_000;
  while (now() < minutes) {
    await wait(SAMPLE_MS);
    const rssWithGarbageMiB = process.memoryUsage.rss() / 2 ** 20;
    await collectGarbage();
    const sample = {
      minutes: now(),
      rssWithGarbageMiB,
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
  const pointsOf = (figure: (typeof FIGURES)[number]) =>
    judged.map((sample) => [sample.minutes, sample[figure]] as const);
  const trendFor = (figure: (typeof FIGURES)[number]) => trendOf(pointsOf(figure));
  const trends = {
    rssMiB: trendFor('rssMiB'),
    descriptors: trendFor('descriptors'),
    // Whatever else the machine does for a moment is in the p99 of that moment.
    p99Ms: trendOf(medians(pointsOf('p99Ms'), GROUPED)),
  };
  const failures = FIGURES.flatMap((figure) => judgeTrend(figure, trends[figure])).concat(
    [...log.wrong].map(([what, times]) => `${times} calls failed: ${what}`),
  );
  return { minutes, samples, trends, stats, wrong: log.wrong, failures };
}

function judgeTrend(figure: string, { slopePercent, errorPercent }: Trend): string[] {
  const noise = `± ${errorPercent.toFixed(2)} %`;
  if (slopePercent >= MAX_SLOPE_PERCENT)
    return [`${figure} grows by ${slopePercent.toFixed(2)} % a minute, ${noise}`];
  return errorPercent > MAX_ERROR_PERCENT
    ? [
        `${figure} is too noisy to be called flat, ${noise} a minute: run it for longer, or on an idle machine`,
      ]
    : [];
}
