import { setTimeout as wait } from 'node:timers/promises';
import { processesWithEnv } from '../../../scenarios/src/processes.js';
import { readyPids } from '../faults/faults.js';
import { forkServers } from '../faults/fork-servers.js';
import { ask, type Target } from '../load/one-call.js';
import { within } from '../within.js';
import { isBack, type Recovery } from './evidence.js';
import { MARK } from './host-state.js';

/** How long the pool may take to be back at its size when nothing is done to it any more. Unit: milliseconds. */
const RECOVERY_MS = 25_000;
/** How long calls may take to settle. Unit: milliseconds. */
const SETTLE_MS = 10_000;

/**
 * Call as a friendly service would, until the pool is as it should be: at once on each worker, for that is how one that stands still is
 * found out, and then long enough nothing that overflow leaves.
 */
export async function recover(
  target: Target,
  {
    mark,
    size,
    idleTimeoutMs,
  }: { readonly mark: string; readonly size: number; readonly idleTimeoutMs: number },
): Promise<Recovery> {
  const deadline = performance.now() + RECOVERY_MS;
  for (;;) {
    let refused = size;
    const answers = Array.from({ length: size }, async () => {
      if (await ask(target, { kind: 'calm', name: 'nap', args: [0.02], expected: 0.02 })) refused -= 1;
    });
    await within(SETTLE_MS, Promise.all(answers));
    await wait(2 * idleTimeoutMs);
    const leaders = processesWithEnv(MARK, mark).filter(({ pid, group }) => pid === group);
    // Workers lead their groups, as does what they were forked from; and what stands still serves nobody.
    const servers = new Set(forkServers(leaders.map(({ pid }) => pid)));
    const running = leaders.flatMap(({ pid, state }) => (servers.has(pid) || state === 'T' ? [] : [pid]));
    const recovery = { size, running, reported: readyPids(target.pool), refused };
    if (isBack(recovery) || performance.now() > deadline) return recovery;
  }
}
