import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cgroupFolders, readText, type ReadText } from './cgroup.js';

/** Most workers that `size: 'auto'` makes: each is a whole Python with its own copy of what it imports. */
const MOST_BY_DEFAULT = 4;

/**
 * How many workers this machine has room for: the smallest of the cores this process may use and 4.
 */
export function autoSize(cores = availableParallelism(), read: ReadText = readText): number {
  return Math.min(coresAllowed(cores, read), MOST_BY_DEFAULT);
}

/** How many threads of its own each native library may start in each worker, so that those of all steady workers together find a core each. At least 1. */
export function autoThreads(size: number, cores = availableParallelism(), read: ReadText = readText): number {
  return Math.max(1, Math.floor(coresAllowed(cores, read) / Math.max(1, size)));
}

/**
 * Cores that this process may use: the smaller of its affinity and the CPU quota of its cgroup rounded up (libuv in Node 20 does not see
 * it: a pod with one CPU on a host with 64 reports 64). At least 1.
 */
function coresAllowed(cores: number, read: ReadText): number {
  return Math.max(1, Math.min(cores, Math.ceil(cpuQuota(read))));
}

/** CPUs that the cgroup allows, its parents' limits included; `Infinity` where there is no limit or no cgroup. */
export function cpuQuota(read: ReadText = readText): number {
  let quota = Infinity;
  for (const { version, path } of cgroupFolders('cpu', read)) {
    if (version === 2) {
      // "max 100000" or "150000 100000"
      const [allowed = 'max', period = '1'] = (read(join(path, 'cpu.max')) ?? 'max').split(/\s+/);
      if (allowed !== 'max') quota = Math.min(quota, Number(allowed) / Number(period));
    } else {
      const allowed = Number(read(join(path, 'cpu.cfs_quota_us')) ?? '-1');
      const period = Number(read(join(path, 'cpu.cfs_period_us')) ?? '100000');
      if (allowed > 0) quota = Math.min(quota, allowed / period);
    }
  }
  return quota;
}
