import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Reads a file, or tells that it is not there. Injected in tests. */
export type ReadText = (path: string) => string | undefined;

/** A folder of `/sys/fs/cgroup` whose limits hold for this process. */
export interface CgroupFolder {
  readonly version: 1 | 2;
  readonly path: string;
}

/** The folders of the cgroup that this process is in and of those above it, for one controller. */
export function cgroupFolders(controller: 'cpu' | 'memory', read: ReadText = readText): CgroupFolder[] {
  return (read('/proc/self/cgroup') ?? '').split('\n').flatMap((line) => {
    // Names of container runtimes have colons of their own, and stand last.
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const version = controllers === '' ? 2 : 1;
    if (version === 1 && !controllers.split(',').includes(controller)) return [];
    const parts = path.split('/').filter((part) => part !== '' && part !== '..');
    return Array.from({ length: parts.length + 1 }, (_, depth): CgroupFolder => {
      const above = parts.slice(0, parts.length - depth);
      return { version, path: join('/sys/fs/cgroup', controllers, ...above) };
    });
  });
}

/** The text of a small file, trimmed. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // no such file: no such limit
  }
}
