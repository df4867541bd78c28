import { readFileSync } from 'node:fs';

/** `PF_EXITING` of Linux, which a process has on its way out before the kernel closes what it has open. */
const EXITING = 0x4;

/**
 * Whether a process has exited, or is about to and cannot but do so: whoever reaps it has yet to come to that. False where it runs, where it is gone, and where
 * the system does not tell.
 */
export function isEnding(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in parentheses, may hold anything. It is field 2, the state field 3, the flags are field 9.
    const [state = '', , , , , , flags] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' || (Number(flags) & EXITING) !== 0;
  } catch {
    return false;
  }
}
