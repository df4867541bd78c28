import type { PypoolError } from '@pypool/protocol';

import type { WorkerExit } from '../contract.js';
import type { LimitReached } from '../strategies/recycling.js';
import type { RetireReason } from '../worker/worker-record.js';

/** What every event about a worker tells. */
export interface WorkerEvent {
  readonly pool: string;
  /** The same in every event of one worker, in `status()` and in errors. */
  readonly workerId: string;
  readonly slot: number;
}

/** How full the pool is at an edge. */
export interface LoadEvent {
  readonly pool: string;
  readonly running: number;
  readonly queued: number;
  /** Calls that `size + overflow` workers run at once. */
  readonly places: number;
}

/** A stream that was opened, and may hold up a worker for nobody. */
export interface LeakedStream {
  readonly kind: 'stream';
  readonly pool: string;
  /** Counts the calls of the pool. */
  readonly callId: number;
  readonly function: string;
  readonly sessionId: string | undefined;
  /** When it was opened, in milliseconds since the Unix epoch. */
  readonly openedAt: number;
  readonly openMs: number;
  /** Where it was opened, as lines of a stack; `undefined` where nobody listened to `leak` yet. */
  readonly stack: string | undefined;
}

/** The events of a pool, each with what its listeners get. */
export interface PoolEvents {
  'worker-starting': WorkerEvent;
  'worker-ready': WorkerEvent & {
    /** Of the worker, for example its pid. */
    readonly facts: Readonly<Record<string, unknown>>;
    readonly startMs: number;
  };
  'worker-start-failed': WorkerEvent & {
    readonly error: PypoolError;
    readonly startMs: number;
    /** Starts that failed one after another. */
    readonly failures: number;
    /** Pause before the next start. */
    readonly pauseMs: number;
  };
  /** Start after start has failed: calls that no ready worker can take are refused. Told anew after each probe that failed. */
  'circuit-open': WorkerEvent & {
    /** How the last one failed. */
    readonly error: PypoolError;
    /** Starts that failed one after another. */
    readonly failures: number;
    /** Pause before the next probe. */
    readonly pauseMs: number;
  };
  /** One start is tried. */
  'circuit-half-open': WorkerEvent & { readonly failures: number };
  /** A worker is ready: calls are taken again. */
  'circuit-closed': WorkerEvent & { readonly openMs: number };
  /** It takes no more calls. */
  'worker-retiring': WorkerEvent & {
    readonly reason: RetireReason;
    readonly error: PypoolError | undefined;
    /** Of a `recycled` one: which limit it has reached, and where it stands. */
    readonly reached: LimitReached | undefined;
  };
  /** It is reaped. */
  'worker-exit': WorkerEvent & {
    readonly facts: Readonly<Record<string, unknown>>;
    readonly exit: WorkerExit;
    readonly calls: number;
    readonly livedMs: number;
  };
  /** A call whose worker died goes to another. */
  'call-retried': {
    readonly pool: string;
    readonly callId: number;
    readonly name: string;
    /** The worker that failed it. */
    readonly workerId: string;
    /** Attempts made so far. */
    readonly attempts: number;
    readonly error: PypoolError;
  };
  /** A stream that nobody takes care of; told once. See `leakAfterMs`. */
  leak: LeakedStream & {
    /** Nobody holds it any more, and it was left so that its place is free; or nobody has read it for `leakAfterMs`. */
    readonly why: 'dropped' | 'unread';
    /** For how long nobody has read it; `undefined` of one that was dropped. */
    readonly unreadMs: number | undefined;
  };
  /** A stream of which `leak` told has ended. */
  'leak-ended': LeakedStream;
  /** A `reload()` is done: no worker from before it is left. */
  reloaded: { readonly pool: string; readonly reloadMs: number };
  /** A `reload()` was given up: the workers that are left from before it stay. */
  'reload-failed': { readonly pool: string; readonly error: PypoolError };
  /** As many calls are open as the largest pool could run: the next one waits. */
  saturated: LoadEvent;
  /** There is room again. */
  available: LoadEvent;
  /** `close()` was called: new calls are refused. */
  closing: { readonly pool: string };
  /** Every worker is reaped and the factory closed. */
  closed: { readonly pool: string };
}

/** Name of an event. */
export type PoolEventName = keyof PoolEvents;

/** Called with the event, synchronously, at the moment it happens. It may call the pool. */
export type PoolListener<Name extends PoolEventName> = (event: PoolEvents[Name]) => void;

/** All names; the type says when one is missing here. */
const NAMES: Readonly<Record<PoolEventName, true>> = {
  'worker-starting': true,
  'worker-ready': true,
  'worker-start-failed': true,
  'circuit-open': true,
  'circuit-half-open': true,
  'circuit-closed': true,
  'worker-retiring': true,
  'worker-exit': true,
  'call-retried': true,
  leak: true,
  'leak-ended': true,
  reloaded: true,
  'reload-failed': true,
  saturated: true,
  available: true,
  closing: true,
  closed: true,
};

/** The names of the events of a pool. */
export const POOL_EVENT_NAMES = Object.keys(NAMES) as readonly PoolEventName[];
