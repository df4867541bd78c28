import type { PoolWorker, PoolWorkerObserver, WorkerExit, WorkerFactory } from '@pypool/pool';
import { createError } from '@pypool/protocol';
import type { OutgoingCall } from '@pypool/protocol';

/** A worker that keeps its calls until the test answers them. */
export interface FakeWorker {
  readonly id: string;
  readonly running: OutgoingCall[];
  /** Answer the oldest call with the worker's id. */
  answer(): void;
  /** Die: its calls fail. */
  die(): void;
}

/** A source of fake workers, and those that live. */
export function fakeWorkers(): { readonly factory: WorkerFactory; readonly workers: FakeWorker[] } {
  const workers: FakeWorker[] = [];
  const factory: WorkerFactory = {
    async start({ workerId }, observer) {
      return start(workerId, observer, workers);
    },
    async close() {},
  };
  return { factory, workers };
}

function start(id: string, observer: PoolWorkerObserver, workers: FakeWorker[]): PoolWorker {
  const running: OutgoingCall[] = [];
  let exit: WorkerExit | undefined;
  const end = async (reason: WorkerExit['reason']): Promise<WorkerExit> => {
    if (exit !== undefined) return exit;
    exit = { reason, exitCode: 0, signal: undefined, error: undefined };
    workers.splice(workers.indexOf(worker), 1);
    const error = createError({
      code: 'worker-exited',
      message: `Worker ${id} is gone.`,
      outcome: 'unknown',
    });
    observer.onUnavailable(error);
    for (const call of running.splice(0)) call.onError(error);
    observer.onExit(exit);
    return exit;
  };
  const worker: FakeWorker = {
    id,
    running,
    answer: () => running.shift()!.onResult(id),
    die: () => void end('died'),
  };
  workers.push(worker);
  return {
    concurrency: 1,
    facts: {},
    run(call) {
      running.push(call);
      call.onStart();
    },
    cancel: (call, error) => call.onError(error),
    leave(call) {
      running.splice(running.indexOf(call), 1);
      call.onResult(undefined);
    },
    grant: () => undefined,
    close: () => end('closed'),
    kill: () => end('killed'),
  };
}
