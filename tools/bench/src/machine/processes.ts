import { readdirSync, readFileSync } from 'node:fs';

/** Every process below `root`, as the operating system shows it. Linux only. */
export function descendantsOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? parentOf(pid) : undefined;
    if (parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [pid]);
    else siblings.push(pid);
  }
  const found: number[] = [];
  for (let queue = [root]; queue.length > 0;) {
    const below = queue.flatMap((pid) => children.get(pid) ?? []);
    found.push(...below);
    queue = below;
  }
  return found;
}

/** The threads of a process. Linux only. */
export function threadsOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command in the second field is in parentheses and may hold anything, so read on from the last one.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // It ended since the directory was read.
  }
}

/** What a process holds, in bytes. Linux only. */
export interface HeldMemory {
  /** What no other process maps: what would be free without this one. */
  readonly privateBytes: number;
  /** The same, and its share of what it has in common with others. */
  readonly proportionalBytes: number;
}

/** @throws where the process is gone */
export function memoryOf(pid: number): HeldMemory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const sum = (name: RegExp): number =>
    Array.from(rollup.matchAll(name), ([, kilobytes]) => Number(kilobytes) * 1024).reduce((a, b) => a + b, 0);
  return {
    privateBytes: sum(/^Private_\w+: *(\d+) kB$/gm),
    proportionalBytes: sum(/^Pss: *(\d+) kB$/gm),
  };
}
