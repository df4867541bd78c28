import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { descendantsOf, threadsOf } from './processes.js';

/** Keeps Node on one core and everything that serves it on another. */
export interface Pinning {
  /** How the machine is divided, or why it is not. */
  readonly description: string;
  /**
   * Run `start`, and put every process and thread that it brings into being on the core of the workers.
   *
   * `except` names processes that drive others as Node does, and so stay on Node's core.
   */
  around<T>(start: () => Promise<T>, except?: (started: T) => readonly number[]): Promise<T>;
  /** Have V8's threads collect garbage on the core of the workers, rather than on that of the thread which waits for them. */
  helpersAside(): void;
  /** Let this process run where it ran before. */
  release(): void;
}

/** For what needs every core there is. */
export const UNPINNED: Pinning = notPinned('on every core');

/** Pin this process, with `taskset`, to the first core it may use. Where that cannot be done nothing is pinned. */
export function pinToOneCoreEach(): Pinning {
  const cores = allowedCores();
  const reason =
    cores.length < 2
      ? `${cores.length === 0 ? 'the allowed cores are not known' : 'there is one core'}`
      : spawnSync('taskset', ['--version']).error !== undefined
        ? 'taskset is not installed'
        : undefined;
  if (reason !== undefined) {
    return notPinned(`not pinned: ${reason}`);
  }
  const [ours, theirs] = [cores[0]!, cores[1]!];
  taskset(ours, process.pid, { allThreads: true });
  return {
    description: `Node on core ${ours}, workers on core ${theirs}`,
    async around(start, except = () => []) {
      const before = new Set([...descendantsOf(process.pid), ...threadsOf(process.pid)]);
      const started = await start();
      const stay = new Set(except(started));
      for (const pid of descendantsOf(process.pid)) {
        if (!before.has(pid) && !stay.has(pid)) taskset(theirs, pid, { allThreads: true });
      }
      for (const thread of threadsOf(process.pid)) {
        if (!before.has(thread)) taskset(theirs, thread, { allThreads: false });
      }
      return started;
    },
    helpersAside() {
      for (const thread of threadsOf(process.pid)) {
        if (thread !== process.pid) taskset(theirs, thread, { allThreads: false });
      }
    },
    release: () => taskset(cores.join(','), process.pid, { allThreads: true }),
  };
}

function notPinned(description: string): Pinning {
  const nothing = (): void => undefined;
  return { description, around: (start) => start(), helpersAside: nothing, release: nothing };
}

function taskset(core: number | string, id: number, { allThreads }: { allThreads: boolean }): void {
  // It fails for a process that is gone already, which then needs no core.
  spawnSync('taskset', [allThreads ? '-acp' : '-cp', String(core), String(id)], { stdio: 'ignore' });
}

/** The cores this process may run on; none where the system does not say. */
function allowedCores(): number[] {
  if (process.platform !== 'linux') return [];
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index);
  });
}
