import type { CallMeta, SharedMemoryUse } from '@pypool/protocol';

import type { Clock } from '../clock/clock.js';
import type { CircuitState } from '../lifecycle/circuit-breaker.js';
import type { PoolState } from '../lifecycle/closing.js';
import type { WaitingCall } from './waiting.js';
import type { RetireReason, WorkerRecord, WorkerState } from '../worker/worker-record.js';

/** A call as `status()` shows it. */
export interface RunningCall {
  /** Counts the calls of the pool. */
  readonly id: number;
  readonly kind: 'call' | 'stream';
  readonly name: string;
  /** When it began, in milliseconds since the Unix epoch. */
  readonly since: number;
  readonly attributes: CallMeta['attributes'];
  readonly session: CallMeta['session'];
}

/** A worker as `status()` shows it. */
export interface WorkerStatus {
  readonly id: string;
  readonly slot: number;
  readonly state: Exclude<WorkerState['kind'], 'dead'>;
  /** Why it leaves, where it does. */
  readonly reason: RetireReason | undefined;
  /** Since when it is in that state, in milliseconds since the Unix epoch. */
  readonly since: number;
  /** What the worker tells of itself, for example `{ pid: 4711 }`; empty while it is starting. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Above `size`: it leaves when idle. */
  readonly overflow: boolean;
  readonly concurrency: number;
  /** Calls it was ever given. */
  readonly calls: number;
  /** Private memory when it was last looked at; `undefined` where it never was, as without a limit. */
  readonly memoryBytes: number | undefined;
  /** The memory that it shares with this process for large arguments and results; `undefined` while it is starting, and where it can share none. */
  readonly sharedMemory: SharedMemoryUse | undefined;
  readonly running: readonly RunningCall[];
  /** Calls that it was sent ahead, and has not begun. */
  readonly ahead: number;
  /** Calls that wait for this very worker. */
  readonly bound: number;
}

/** A pool at one moment. */
export interface PoolStatus {
  readonly name: string;
  readonly state: PoolState;
  readonly size: number;
  readonly overflow: number;
  /** Names of the strategies. */
  readonly selection: string;
  readonly queue: string;
  /** Calls that run. */
  readonly running: number;
  /** Calls that `size + overflow` workers run at once. */
  readonly places: number;
  /** Calls that wait, whatever for and wherever. */
  readonly queued: number;
  /** Of these, the ones that were sent ahead to a worker. */
  readonly ahead: number;
  /** About what their arguments weigh, in bytes, where `maxQueueBytes` limits that. */
  readonly queuedBytes: number | undefined;
  /** The first of them, and what each waits for: the next 100 of the queue, and of each other line (of one worker, of one function) the next 10. */
  readonly waiting: readonly WaitingCall[];
  /** Whether workers can be started. */
  readonly circuit: CircuitState;
  readonly workers: readonly WorkerStatus[];
}

/** What a worker looks like now. */
export function workerStatus(record: WorkerRecord, clock: Clock): WorkerStatus {
  const { state } = record;
  const epochOf = (moment: number) => Math.round(clock.epochMs() - (clock.now() - moment));
  return {
    id: record.id,
    slot: record.slot,
    state: state.kind as WorkerStatus['state'],
    reason: state.kind === 'retiring' ? state.reason : undefined,
    since: epochOf(state.since),
    facts: record.worker?.facts ?? {},
    overflow: record.overflow,
    concurrency: record.concurrency,
    calls: record.calls,
    memoryBytes: record.memoryBytes,
    sharedMemory: record.worker?.sharedMemory?.(),
    // By places and not by who has begun: a call may keep its place for a moment after its end, in which the next has begun.
    running: [...record.running].slice(0, record.inFlight).map(({ call, since }) => ({
      id: call.id,
      kind: call.kind,
      name: call.name,
      since: epochOf(since),
      attributes: call.attributes,
      session: call.session,
    })),
    ahead: record.ahead,
    bound: record.bound.size,
  };
}
