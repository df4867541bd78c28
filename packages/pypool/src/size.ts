import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** Most workers that `size: 'auto'` makes: each is a whole Python with its own copy of what it imports. */
const MOST_BY_DEFAULT = 4;

/** Reads a file, or tells that it is not there. Injected in tests. */
type ReadText = (path: string) => string | undefined;

/**
 * How many workers this machine has room for: the smallest of the cores this process may use (its affinity), the CPU quota of its
 * cgroup rounded up (libuv in Node 20 does not see it: a pod with one CPU on a host with 64 reports 64), and 4. At least 1.
 */
export function autoSize(cores = availableParallelism(), read: ReadText = readText): number {
  return Math.max(1, Math.min(cores, Math.ceil(cpuQuota(read)), MOST_BY_DEFAULT));
}

/** CPUs that the cgroup allows, its parents' limits included; `Infinity` where there is no limit or no cgroup. */
export function cpuQuota(read: ReadText = readText): number {
  let quota = Infinity;
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers = '', path = ''] = line.split(':');
    const parts = path.split('/').filter((part) => part !== '' && part !== '..');
    for (let depth = parts.length; depth >= 0; depth -= 1) {
      const below = parts.slice(0, depth);
      if (controllers === '') {
        // cgroup v2: "max 100000" or "150000 100000"
        const [allowed = 'max', period = '1'] = (
          read(join('/sys/fs/cgroup', ...below, 'cpu.max')) ?? 'max'
        ).split(/\s+/);
        if (allowed !== 'max') quota = Math.min(quota, Number(allowed) / Number(period));
      } else if (controllers.split(',').includes('cpu')) {
        const folder = join('/sys/fs/cgroup', controllers, ...below);
        const allowed = Number(read(join(folder, 'cpu.cfs_quota_us')) ?? '-1');
        const period = Number(read(join(folder, 'cpu.cfs_period_us')) ?? '100000');
        if (allowed > 0) quota = Math.min(quota, allowed / period);
      }
    }
  }
  return quota;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // no such file: no such limit
  }
}
