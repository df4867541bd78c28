import { readFileSync } from 'node:fs';

/** Whether a process was stopped: by `SIGSTOP` and the like, or by a debugger. False where it is gone, or the system does not tell. */
export function isStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in parentheses, may hold anything.
    return /^ [Tt] /.test(stat.slice(stat.lastIndexOf(')') + 1));
  } catch {
    return false; // it ended while we looked, or there is no /proc
  }
}
