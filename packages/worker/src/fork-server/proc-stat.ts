import { readFileSync } from 'node:fs';

/**
 * When a process started, in the kernel's own ticks: with the pid it names one process for as long as the machine runs.
 *
 * @returns `undefined` where it is gone, or a zombie
 */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in parentheses, may hold anything. The start time is field 22, of which the name is the second.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
