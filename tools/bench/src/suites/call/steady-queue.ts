import { createPool } from '@pypool/pool';
import type { PoolWorker, WorkerExit, WorkerFactory } from '@pypool/pool';
import type { OutgoingCall } from '@pypool/protocol';

import { WORKERS } from '../../subjects/subject.js';

/** Longer than any run, so that every call has the deadlines that calls have and none of them passes. */
const BUDGET_MS = 600_000;

/** A queue that holds the same number of calls at all times. */
export interface SteadyQueue {
  /** Make a call, which goes to the end of the queue. */
  submit(): Promise<unknown>;
  /** Finish the oldest call that runs; false where none runs yet. */
  finish(): boolean;
}

/** So often, make a call and finish another. */
export async function turn(queue: SteadyQueue, count: number): Promise<void> {
  for (let turned = 0; turned < count; turned += 1) {
    void queue.submit();
    // The promise of the call that ends settles, and the next one is dispatched, as they would between two replies.
    while (!queue.finish()) await Promise.resolve();
    await Promise.resolve();
  }
}

/** A real pool over workers that do nothing. */
export async function poolQueue(queued: number): Promise<SteadyQueue> {
  const running: OutgoingCall[] = [];
  const pool = createPool({
    name: 'bench',
    factory: idleWorkers(running),
    size: WORKERS,
    overflow: 0,
    minReady: WORKERS,
    maxQueue: Infinity,
    timeoutMs: BUDGET_MS,
    checkoutTimeoutMs: BUDGET_MS,
    executionTimeoutMs: BUDGET_MS,
  });
  await pool.ready();
  const queue: SteadyQueue = {
    submit: () => pool.call('f', [1]),
    finish() {
      const call = running.shift();
      call?.onResult(1);
      return call !== undefined;
    },
  };
  for (let made = 0; made < WORKERS + queued; made += 1) void queue.submit();
  return queue;
}

/** What remains of a pool when everything is left out but that each call is a promise and waits its turn. */
export function bareQueue(queued: number): SteadyQueue {
  let waiting: ((value: unknown) => void)[] = [];
  let next = 0;
  const queue: SteadyQueue = {
    submit: () => new Promise((resolve) => waiting.push(resolve)),
    finish() {
      waiting[next]!(1);
      next += 1;
      if (next > queued) {
        waiting = waiting.slice(next);
        next = 0;
      }
      return true;
    },
  };
  for (let made = 0; made < queued; made += 1) void queue.submit();
  return queue;
}

/** Workers that take a call and leave its end to the bench. */
function idleWorkers(running: OutgoingCall[]): WorkerFactory {
  const exit: WorkerExit = { reason: 'closed', exitCode: 0, signal: undefined, error: undefined };
  const ended = (): Promise<WorkerExit> => Promise.resolve(exit);
  const worker: PoolWorker = {
    concurrency: 1,
    facts: {},
    run(call) {
      call.onStart();
      running.push(call);
    },
    cancel: () => undefined,
    leave: () => undefined,
    grant: () => undefined,
    close: ended,
    kill: ended,
  };
  return { start: () => Promise.resolve({ ...worker }), close: () => Promise.resolve() };
}
