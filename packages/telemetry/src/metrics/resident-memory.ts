import { readFile } from 'node:fs/promises';

import type { WorkerStatus } from '@pypool/pool';

/**
 * What the processes of these workers have in memory, added up, in bytes: their resident set, in which pages that they share count once for each. Without
 * their children. `undefined` where no worker has a process here, or the system has no `/proc`.
 */
export async function residentBytes(workers: readonly WorkerStatus[]): Promise<number | undefined> {
  const found = await Promise.all(workers.map(({ facts }) => residentBytesOf(facts['pid'])));
  const known = found.filter((bytes) => bytes !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, bytes) => sum + bytes, 0);
}

async function residentBytesOf(pid: unknown): Promise<number | undefined> {
  if (typeof pid !== 'number') return undefined;
  try {
    const status = await readFile(`/proc/${pid}/status`, 'latin1');
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined; // it has ended since, or this is no Linux
  }
}
