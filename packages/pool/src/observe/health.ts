import type { Clock } from '../clock/clock.js';
import type { PoolState } from '../lifecycle/closing.js';
import type { StartTrouble } from '../lifecycle/start-policy.js';

/**
 * How a pool is: `starting`, nothing wrong but too few workers are ready yet (a lazy pool that nobody has called is healthy); `healthy`; `degraded`, it
 * serves, with `reasons`; `failing`, it cannot serve; `closed`, it is closing or has closed.
 */
export type HealthStatus = 'starting' | 'healthy' | 'degraded' | 'failing' | 'closed';

/** What a liveness or readiness probe wants to know. */
export interface PoolHealth {
  readonly status: HealthStatus;
  /** Whether a call made now would find a worker, or a place to wait for one that is up. */
  readonly ready: boolean;
  /** For people. Empty when healthy. */
  readonly reasons: readonly string[];
}

/** What health is judged by. */
export interface HealthInput {
  readonly state: PoolState;
  readonly ready: number;
  readonly minReady: number;
  readonly size: number;
  readonly lazy: boolean;
  readonly queued: number;
  /** The queue takes no more. */
  readonly full: boolean;
  /** Why workers do not start, in words; `undefined` where they do. */
  readonly startTrouble: string | undefined;
  readonly earlyDeaths: number;
}

/** Judge. */
export function judgeHealth(input: HealthInput): PoolHealth {
  const { state, ready, minReady, size, lazy, full, startTrouble, earlyDeaths } = input;
  if (state !== 'open') return { status: 'closed', ready: false, reasons: [`the pool is ${state}`] };
  const reasons: string[] = [];
  if (startTrouble !== undefined) reasons.push(startTrouble);
  if (earlyDeaths > 1) reasons.push(`workers die young, ${earlyDeaths} times in a row`);
  if (full) reasons.push(`the queue is full: ${input.queued} calls wait`);
  if (ready === 0 && startTrouble !== undefined) return { status: 'failing', ready: false, reasons };
  const wanted = lazy ? 0 : Math.max(minReady, size);
  if (ready < wanted) reasons.push(`${ready} of ${wanted} workers are ready`);
  const serves = !full && (lazy || ready >= Math.max(1, minReady));
  if (reasons.length === 0) return { status: 'healthy', ready: serves, reasons };
  const starting = startTrouble === undefined && earlyDeaths <= 1 && !full && ready < minReady;
  return { status: starting ? 'starting' : 'degraded', ready: serves, reasons };
}

/** Why workers do not start, for people: which, since when, what is done about it. */
export function describeStartTrouble(trouble: StartTrouble, clock: Clock): string {
  const { workerId, error, failures, since, circuit, pausedUntil } = trouble;
  const now = clock.now();
  const pauseMs = Math.max(0, Math.round(pausedUntil - now));
  const next = {
    closed: `next start in ${pauseMs} ms`,
    open: `the circuit is open, next probe in ${pauseMs} ms`,
    'half-open': 'the circuit is half-open, a probe is under way',
  }[circuit];
  const sinceText = new Date(clock.epochMs() - (now - since)).toISOString();
  const times = failures === 1 ? 'once' : `${failures} times in a row`;
  return `workers fail to start, ${times} since ${sinceText}; ${next}; last ${workerId}: ${error.message}`;
}
