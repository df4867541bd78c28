import type { PythonPool } from 'pypool';

/** How the workers of a pool ended, and how starts failed, as the pool tells it. */
export class WorkerEnds {
  /** Starts that failed, by the code of their error. */
  readonly failures = new Map<string, number>();
  /** What their errors say, each once. */
  readonly reasons = new Set<string>();
  /** Workers that were up and are no more, by the signal or else the exit code. */
  readonly exits = new Map<string, number>();

  /** Fork servers that ended as nobody wanted. */
  lostForkServers = 0;

  constructor(pool: PythonPool) {
    pool.on('fork-server-lost', () => (this.lostForkServers += 1));
    pool.on('worker-start-failed', ({ error }) => {
      count(this.failures, error.code);
      // The worker's name and its traceback are of each start by itself.
      this.reasons.add(error.message.split('\n')[0]!.replace(/"chaos-[\d.]+"|chaos-[\d.]+/g, 'a worker'));
    });
    pool.on('worker-exit', ({ exit: { signal, exitCode } }) =>
      count(this.exits, signal ?? `code ${exitCode ?? 'unknown'}`),
    );
  }
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
