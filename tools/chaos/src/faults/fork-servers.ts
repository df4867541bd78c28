import { processFacts } from '../../../scenarios/src/processes.js';

/** The processes that these workers were forked from: none where they were started one by one, for their parent is this process. */
export function forkServers(workers: readonly number[]): number[] {
  const parents = workers.flatMap((pid) => processFacts(pid)?.parent ?? []);
  // One whose parent is gone belongs to init, for as long as the kernel takes to end it.
  return [...new Set(parents)].filter(
    (pid) => pid !== process.pid && processFacts(pid)?.parent === process.pid,
  );
}
