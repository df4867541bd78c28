import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

/** Whether this system tells what processes hold: Linux with `/proc`, from 4.14 on. */
export function tellsMemory(): boolean {
  return existsSync('/proc/self/smaps_rollup') && existsSync(`/proc/self/task/${process.pid}/children`);
}

/**
 * Private memory of a process and its descendants, in bytes: what would be free without them. Pages that forked processes share count for none of
 * them. A descendant whose parent has died is init's, and not found.
 *
 * @throws where the process is gone or may not be read
 */
export async function treeMemoryBytes(pid: number): Promise<number> {
  const own = await privateBytes(pid);
  return own + (await sumOfChildren(pid));
}

async function sumOfChildren(pid: number): Promise<number> {
  const sums = (await childrenOf(pid)).map(async (child) => {
    try {
      return await treeMemoryBytes(child);
    } catch {
      return 0; // it ended while we looked
    }
  });
  return (await Promise.all(sums)).reduce((sum, bytes) => sum + bytes, 0);
}

/** What nobody else maps, and what of it is swapped out. */
async function privateBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1');
  let kibibytes = 0;
  for (const [, number] of rollup.matchAll(/^(?:Private_\w+|SwapPss): *(\d+) kB$/gm))
    kibibytes += Number(number);
  return kibibytes * 1024;
}

/** Each thread lists the children that it started. */
async function childrenOf(pid: number): Promise<number[]> {
  try {
    const threads = await readdir(`/proc/${pid}/task`);
    const lists = threads.map((thread) =>
      readFile(`/proc/${pid}/task/${thread}/children`, 'latin1').catch(() => ''),
    );
    return (await Promise.all(lists)).flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  } catch {
    return []; // it ended while we looked
  }
}
