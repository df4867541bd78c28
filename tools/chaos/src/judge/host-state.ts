import { getEventListeners } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { descendants, processesWithEnv } from '../../../scenarios/src/processes.js';

/** Name of the variable that marks every worker of one run, and what they start. */
export const MARK = 'PYPOOL_CHAOS';

/** What this process holds at one moment, by what it is: `socket` three times, `Timeout` once. */
export interface HostState {
  readonly processes: readonly string[];
  readonly descriptors: readonly string[];
  /** What keeps the event loop alive: timers, sockets, pipes. */
  readonly resources: readonly string[];
  /** Listeners on `process`, by event, and of the signal that callers shared. */
  readonly listeners: readonly string[];
}

/** Look at this process. */
export function hostState(mark: string, shared: AbortSignal): HostState {
  const own = new Map([...descendants(), ...processesWithEnv(MARK, mark)].map((facts) => [facts.pid, facts]));
  return {
    processes: [...own.values()].map(({ pid, state, command }) => `${pid} ${state} ${command}`.slice(0, 120)),
    descriptors: readdirSync('/proc/self/fd').map(targetOf),
    resources: process.getActiveResourcesInfo(),
    listeners: [
      ...process
        .eventNames()
        .flatMap((name) => process.rawListeners(name).map(() => `process.on(${String(name)})`)),
      ...getEventListeners(shared, 'abort').map(() => 'abort of a signal that callers share'),
    ],
  };
}

/** What there is in `after` and was not in `before`. */
export function added(before: readonly string[], after: readonly string[]): string[] {
  const left = [...before];
  return after.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** What a descriptor leads to, without the number by which the kernel tells sockets apart. */
function targetOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).replace(/\d+/g, 'N');
  } catch {
    return 'closed meanwhile'; // the one that the directory was read by
  }
}
