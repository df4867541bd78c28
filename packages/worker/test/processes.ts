import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { isStopped } from '../src/life/is-stopped.js';

/** What `/proc` says of a process; undefined where there is none, or only its zombie. */
function statOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 'ZX'.includes(state) ? undefined : { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

/** Whether a process runs. A zombie that waits for its new parent does not. */
export function isAlive(pid: number): boolean {
  return statOf(pid) !== undefined;
}

/** The running children of a process, and theirs, and so on. */
export function descendantsOf(pid: number): number[] {
  const children = readdirSync('/proc')
    .map(Number)
    .filter((candidate) => candidate > 0 && statOf(candidate)?.parent === pid);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** Those of them that run Python: the program that reads TypeScript for a fixture keeps a helper too. */
export function pythonsOf(pid: number): number[] {
  return descendantsOf(pid).filter((child) => commandLineOf(child).includes('python'));
}

/** The guardians among the children of a process. */
export function guardiansOf(pid: number): number[] {
  return descendantsOf(pid).filter((child) => commandLineOf(child).includes('guardian.py'));
}

/** Asked again while it is empty: in the midst of exec, whose caller goes on before that is over, a process has none. */
function commandLineOf(pid: number): string {
  try {
    for (;;) {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      if (line !== '' || !isAlive(pid)) return line;
    }
  } catch {
    return '';
  }
}

/** Resolves when none of the processes runs any more. */
export async function untilGone(pids: readonly number[], withinMs = 30_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const left = pids.filter(isAlive);
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Error(`still running: ${left.join(', ')}`);
    await wait(5);
  }
}

/** Resolves when a process that was sent `SIGSTOP` stands still: the kernel stops it when its turn on a processor comes. */
export async function untilStopped(pid: number): Promise<void> {
  while (!isStopped(pid)) await wait(5);
}
