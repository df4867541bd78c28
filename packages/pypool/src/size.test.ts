import { describe, expect, it } from 'vitest';
import { autoSize, autoThreads, cpuQuota } from './size.js';

const files = (contents: Record<string, string>) => (path: string) => contents[path];

describe('autoSize', () => {
  it('takes the cores the process may use, four at the most', () => {
    expect(autoSize(3, files({}))).toBe(3);
    expect(autoSize(64, files({}))).toBe(4);
  });

  it('rounds a cgroup quota up', () => {
    const read = files({ '/proc/self/cgroup': '0::/pod', '/sys/fs/cgroup/pod/cpu.max': '150000 100000' });
    expect(autoSize(64, read)).toBe(2);
  });

  it('finds a cgroup whose name has colons', () => {
    const read = files({
      '/proc/self/cgroup': '0::/pods.slice:cri-containerd:4711',
      '/sys/fs/cgroup/pods.slice:cri-containerd:4711/cpu.max': '100000 100000',
    });
    expect(autoSize(64, read)).toBe(1);
  });

  it('never goes below one', () => {
    const read = files({ '/proc/self/cgroup': '0::/', '/sys/fs/cgroup/cpu.max': '1000 100000' });
    expect(autoSize(8, read)).toBe(1);
  });
});

describe('autoThreads', () => {
  it.each([
    [4, 16, 4],
    [3, 8, 2],
    [8, 4, 1],
    [0, 4, 4],
  ])('for %i workers on %i cores is %i', (size, cores, threads) => {
    expect(autoThreads(size, cores, files({}))).toBe(threads);
  });

  it('counts the quota of the cgroup in', () => {
    const read = files({ '/proc/self/cgroup': '0::/', '/sys/fs/cgroup/cpu.max': '400000 100000' });
    expect(autoThreads(2, 64, read)).toBe(2);
  });
});

describe('cpuQuota', () => {
  it('finds the tightest limit among the cgroup and its parents', () => {
    const read = files({
      '/proc/self/cgroup': '0::/a/b',
      '/sys/fs/cgroup/a/b/cpu.max': 'max 100000',
      '/sys/fs/cgroup/a/cpu.max': '200000 100000',
    });
    expect(cpuQuota(read)).toBe(2);
  });

  it('reads version 1', () => {
    const read = files({
      '/proc/self/cgroup': '4:cpu,cpuacct:/pod\n1:name=systemd:/',
      '/sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us': '300000',
      '/sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_period_us': '100000',
    });
    expect(cpuQuota(read)).toBe(3);
  });

  it('is Infinity without cgroups', () => {
    expect(cpuQuota(files({}))).toBe(Infinity);
  });
});
