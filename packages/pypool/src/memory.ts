import { totalmem } from 'node:os';
import { join } from 'node:path';
import { cgroupFolders, readText, type ReadText } from './cgroup.js';

/** Bytes, or a share of the memory that this process may use, for example `'20%'`. */
export type MemoryLimit = number | `${number}%`;

/** Memory that this process and its workers may use together, in bytes: the least of its cgroups' limits and what the machine has. */
export function memoryAllowed(total = totalmem(), read: ReadText = readText): number {
  const limits = cgroupFolders('memory', read).map(({ version, path }) =>
    // "max" where there is none in version 2, a number beyond any machine in version 1
    Number(read(join(path, version === 2 ? 'memory.max' : 'memory.limit_in_bytes'))),
  );
  return Math.min(total, ...limits.filter((limit) => limit > 0));
}

/** The bytes that a share stands for; whatever else it is stays as it is, for the pool to judge. */
export function memoryBytes(limit: unknown, allowed = memoryAllowed): unknown {
  const share = typeof limit === 'string' ? /^(\d+(?:\.\d+)?)%$/.exec(limit)?.[1] : undefined;
  return share === undefined ? limit : Math.floor((allowed() * Number(share)) / 100);
}
