import type { PoolStats } from 'pypool';
import type { Ledger } from '../ledger/ledger.js';
import type { CallRecords } from '../load/call-records.js';
import type { HostState } from './host-state.js';

/** All that a run is judged by. */
export interface Evidence {
  /** What the callers saw. */
  readonly calls: CallRecords;
  /** What the workers did. */
  readonly ledger: Ledger;
  /** Most workers that an idempotent call may be given to. */
  readonly maxAttempts: number;
  /** What the pool counted. */
  readonly counted: PoolStats['calls'];
  /** Moments at which a worker had more calls than places, or the pool more workers than it may have. */
  readonly overfull: readonly string[];
  readonly recovery: Recovery;
  readonly starts: {
    /** Starts that failed, by the code of their error. */
    readonly failures: ReadonlyMap<string, number>;
    /** What their errors say. */
    readonly reasons: ReadonlySet<string>;
    /** Starts that were told to fail at once. */
    readonly planted: number;
  };
  readonly prefetch: {
    /** Whether some calls must have been sent ahead: they could be, were short, and many. */
    readonly isDue: boolean;
    readonly sentAhead: number;
  };
  /** What was wrong with the iterables that callers gave as arguments. */
  readonly inputs: readonly string[];
  /** Sessions that still had calls in flight when none was. */
  readonly busySessions: readonly string[];
  /** Errors and rejections that nobody caught. */
  readonly uncaught: readonly string[];
  /** Whether `close()` resolved in time. */
  readonly closed: boolean;
  readonly before: HostState;
  readonly after: HostState;
}

/** The pool after the faults, when nothing is done to it any more. */
export interface Recovery {
  readonly size: number;
  /** Workers by the operating system. */
  readonly running: readonly number[];
  /** Workers that are ready by the pool's account. */
  readonly reported: readonly number[];
  /** Calls of the last round that failed. */
  readonly refused: number;
}

/** Whether the pool has as many workers as it should, and they serve. */
export function isBack({ size, running, reported, refused }: Recovery): boolean {
  const isSame = running.length === reported.length && running.every((pid) => reported.includes(pid));
  return running.length === size && isSame && refused === 0;
}
