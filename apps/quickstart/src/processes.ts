import { readFileSync, readdirSync } from 'node:fs';

/** A process that runs: neither gone nor a zombie that waits to be collected. Linux and macOS. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false; // ESRCH: no such process
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch (error) {
    // Without /proc (macOS) the signal has answered; with it, the process went in between.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? !hasProc() : true;
  }
}

/** Children of this very process that run, by pid; empty where the system has no `/proc`. */
export function livingChildren(): number[] {
  if (!hasProc()) return [];
  return readdirSync('/proc/self/task')
    .flatMap((thread) => readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' '))
    .filter((pid) => pid !== '')
    .map(Number)
    .filter(isAlive);
}

function hasProc(): boolean {
  try {
    readFileSync('/proc/self/stat');
    return true;
  } catch {
    return false; // no /proc on this system
  }
}
