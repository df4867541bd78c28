import { readFile } from 'node:fs/promises';

/** What processes have in memory, in bytes, by pid: their resident set. Those that are gone are left out, and all where there is no `/proc`. */
export async function residentMemory(pids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const found = await Promise.all(pids.map(async (pid) => [pid, await residentBytes(pid)] as const));
  return new Map(found.filter((entry): entry is readonly [number, number] => entry[1] !== undefined));
}

async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'latin1');
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined; // it has ended since, or this is no Linux
  }
}
