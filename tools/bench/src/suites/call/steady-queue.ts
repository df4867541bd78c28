import { createPool } from '@pypool/pool';
import type { Pool, PoolWorker, WorkerExit, WorkerFactory } from '@pypool/pool';
import type { OutgoingCall } from '@pypool/protocol';

import { WORKERS } from '../../subjects/subject.js';

/** Longer than any run, so that every call has the deadlines that calls have and none of them passes. */
const BUDGET_MS = 600_000;

/** A real pool over workers that do nothing, with a number of calls in its queue that never changes. */
export interface SteadyQueue {
  /** So often, make a call and finish the oldest that runs. Microseconds for each, all told. */
  turn(count: number): Promise<number>;
}

/** Fill a queue with `queued` calls, and keep it there. */
export async function steadyQueue(queued: number): Promise<SteadyQueue> {
  const running: OutgoingCall[] = [];
  const pool = createPool({
    name: 'bench',
    workers: idleWorkers(running),
    size: WORKERS,
    overflow: 0,
    minReady: WORKERS,
    maxQueue: Infinity,
    timeoutMs: BUDGET_MS,
    checkoutTimeoutMs: BUDGET_MS,
    executionTimeoutMs: BUDGET_MS,
  });
  await pool.ready();
  for (let made = 0; made < WORKERS + queued; made += 1) submit(pool);
  return {
    async turn(count) {
      const before = performance.now();
      for (let turned = 0; turned < count; turned += 1) {
        submit(pool);
        // The promise of the call that ends settles, and the next one is dispatched, as they would between two replies.
        while (running.length === 0) await Promise.resolve();
        running.shift()!.onResult(turned);
        await Promise.resolve();
      }
      return ((performance.now() - before) * 1000) / count;
    },
  };
}

function submit(pool: Pool): void {
  pool.call('f', [1]).catch((error: unknown) => {
    throw error;
  });
}

/** Workers that take a call and leave its end to the bench. */
function idleWorkers(running: OutgoingCall[]): WorkerFactory {
  const exit: WorkerExit = { reason: 'closed', exitCode: 0, signal: undefined, error: undefined };
  const ended = async (): Promise<WorkerExit> => exit;
  return {
    async start(): Promise<PoolWorker> {
      return {
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
    },
    async close() {},
  };
}
