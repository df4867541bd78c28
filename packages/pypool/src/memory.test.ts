import { describe, expect, it } from 'vitest';
import { memoryAllowed, memoryBytes } from './memory.js';

const files = (contents: Record<string, string>) => (path: string) => contents[path];

describe('memoryAllowed', () => {
  it('is the tightest limit among the cgroup and its parents', () => {
    const read = files({
      '/proc/self/cgroup': '0::/a/b',
      '/sys/fs/cgroup/a/b/memory.max': 'max',
      '/sys/fs/cgroup/a/memory.max': '2000',
      '/sys/fs/cgroup/memory.max': '3000',
    });
    expect(memoryAllowed(10_000, read)).toBe(2_000);
  });

  it('reads version 1, where a huge number means none', () => {
    const read = files({
      '/proc/self/cgroup': '4:memory:/pod\n1:name=systemd:/',
      '/sys/fs/cgroup/memory/pod/memory.limit_in_bytes': '4000',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
    });
    expect(memoryAllowed(10_000, read)).toBe(4_000);
  });

  it('is what the machine has without cgroups', () => {
    expect(memoryAllowed(10_000, files({}))).toBe(10_000);
  });
});

describe('memoryBytes', () => {
  it.each([
    ['20%', 2_000],
    ['12.5%', 1_250],
    ['0%', 0],
    [300, 300],
    [Infinity, Infinity],
    ['lots', 'lots'],
    ['-5%', '-5%'],
  ])('makes of %s %s', (limit, bytes) => {
    expect(memoryBytes(limit, () => 10_000)).toBe(bytes);
  });
});
