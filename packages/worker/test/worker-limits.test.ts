import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

const MIB = 2 ** 20;

describe('rlimits', () => {
  it('hold before the module is imported, soft and hard', async () => {
    const rlimits = { nofile: { soft: 64, hard: 100 }, core: 0, fsize: { soft: 5 * MIB } };
    await using worker = await workerFor('tell_limits', { rlimits });
    expect(await worker.call('at_import')).toEqual([64, 100]);
    const [nofile, core, fsize] = await worker.call<number[][]>('limits', ['nofile', 'core', 'fsize']);
    expect([nofile, core]).toEqual([
      [64, 100],
      [0, 0],
    ]);
    await using other = await workerFor('tell_limits');
    const [unlimited] = await other.call<number[][]>('limits', ['fsize']);
    expect(fsize).toEqual([5 * MIB, unlimited?.[1]]);
  });

  it('of files and of file sizes raise in the handler that meets them, and the worker serves on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pypool-limits-'));
    try {
      await using worker = await workerFor('tell_limits', { rlimits: { nofile: 64, fsize: MIB } });
      // What tells of it has been loaded before: now it could not be read.
      const tooMany = await rejection(worker.call('open_files', [200]));
      expect(tooMany).toMatchObject({
        code: 'python-error',
        pythonType: 'OSError',
        args: [24, expect.anything()],
      });
      const tooLarge = await rejection(worker.call('write', [join(folder, 'file'), MIB]));
      expect(tooLarge).toMatchObject({
        code: 'python-error',
        pythonType: 'OSError',
        args: [27, expect.anything()],
      });
      expect(await worker.call('threads')).toBe('1');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  // macOS does not enforce RLIMIT_AS.
  it.runIf(process.platform === 'linux')('of address space is a MemoryError of the call', async () => {
    await using worker = await workerFor('tell_limits', { rlimits: { as: 1024 * MIB } });
    expect(await rejection(worker.call('allocate', [2048 * MIB]))).toMatchObject({
      pythonType: 'MemoryError',
    });
    expect(await worker.call('allocate', [MIB])).toBe(MIB);
  });

  it('of CPU time ends the worker, and the error says by which signal', async () => {
    await using worker = await workerFor('tell_limits', { rlimits: { cpu: { soft: 1 } } });
    expect(await rejection(worker.call('spin'))).toMatchObject({
      code: 'worker-exited',
      outcome: 'unknown',
      context: { signal: 'SIGXCPU' },
    });
  });

  it('take Infinity for unlimited', async () => {
    await using worker = await workerFor('tell_limits', { rlimits: { core: { soft: 0 }, cpu: Infinity } });
    expect(await worker.call('limits', ['cpu'])).toEqual([[-1, -1]]);
  });

  it('that cannot be set fail the start, and say which and why', async () => {
    const rlimits = { core: 0, nofile: { soft: 2 ** 52 } };
    expect(await rejection(workerFor('tell_limits', { rlimits }))).toMatchObject({
      code: 'start-failed',
      message: expect.stringMatching(
        /could not start: CannotLimit: rlimits\.nofile: a soft limit of 4503599627370496 cannot be set: the hard limit is \d+; give a hard one, too$/,
      ) as string,
    });
    // Linux allows no more files than fs.nr_open, whoever asks.
    const refused = await rejection(workerFor('tell_limits', { rlimits: { nofile: 2 ** 52 } }));
    expect(refused).toMatchObject({
      code: 'start-failed',
      message: expect.stringMatching(/rlimits\.nofile: .*4503599627370496 cannot be set: /) as string,
    });
  });
});

describe('threads of native libraries', () => {
  it.each([
    [{}, '1'],
    [{ threads: 3 }, '3'],
    [{ threads: false as const }, null],
    [{ threads: 3, env: { set: { OMP_NUM_THREADS: '5' } } }, '5'],
  ])('with %j are %s', async (options, threads) => {
    await using worker = await workerFor('tell_limits', options);
    expect(await worker.call('threads')).toBe(threads);
  });
});
