import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  createPythonPool,
  pipeTransport,
  socketTransport,
  type PythonPool,
  type PythonPoolOptions,
} from 'pypool';
import { describe, expect, it } from 'vitest';
import { optionsFor, pidsOf, testFolder } from '../src/pool-for.js';
import { until } from '../src/until.js';

type Env = Exclude<PythonPoolOptions['env'], undefined | ((...facts: never) => unknown)>;

/** A pool for which nobody has said how its workers are started. */
function poolWith(program: string, given: Partial<PythonPoolOptions> = {}): Promise<PythonPool> {
  const { launcher: _, ...options } = optionsFor(program, { size: 2, minReady: 2 });
  return createPythonPool({ ...options, ...given });
}

/** Who started each worker. */
async function parents(pool: PythonPool): Promise<number[]> {
  const told = await Promise.all([1, 2, 3, 4].map(() => pool.call<[number, number]>('tell', [0.1])));
  const byWorker = new Map(told);
  expect(byWorker.size).toBe(2);
  return [...byWorker.values()];
}

function imports(): number {
  return readFileSync(join(testFolder(), 'imports'), 'utf8').length;
}

/** What was told when it was first listened to. */
function fallback(pool: PythonPool): Promise<{ readonly reasons: readonly string[] }> {
  return new Promise((resolve) => pool.on('launcher-fallback', resolve));
}

describe.skipIf(process.platform !== 'linux')('without the option launcher, workers', () => {
  it.each([
    ['no transport is given', () => ({})],
    ['they dial the one that is', () => ({ transport: socketTransport({ folder: testFolder() }) })],
  ])('are forked from one process that has imported the module, where %s', async (_, given) => {
    await using pool = await poolWith('tell_parent', given());
    const [one, other] = await parents(pool);
    expect(one).toBe(other);
    expect(one).not.toBe(process.pid);
    expect(imports()).toBe(1);
  });

  it('are replaced as ever when the folder of their socket was removed, as what cleans temporary files may do', async () => {
    const folder = join(testFolder(), 'sockets');
    mkdirSync(folder);
    await using pool = await poolWith('tell_parent', { transport: socketTransport({ folder }) });
    await parents(pool);
    const before = pidsOf(pool);
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    for (const pid of before) process.kill(pid, 'SIGKILL');

    await until('two others serve', () => {
      const { workers } = pool.status();
      const isReady = workers.every(({ state }) => state === 'ready');
      return isReady && workers.length === 2 && pidsOf(pool).every((pid) => !before.includes(pid));
    });
    expect(new Set((await parents(pool)).values()).size).toBe(1);
    expect(pool.stats().workers.startFailures).toBe(0);
  });

  it('are started one by one where they do not dial the transport that is given', async () => {
    await using pool = await poolWith('tell_parent', { transport: pipeTransport() });
    expect(await parents(pool)).toEqual([process.pid, process.pid]);
  });

  it('are started one by one where each has its own environment, or libraries their threads', async () => {
    const { env } = optionsFor('tell_parent') as { env: Env };
    for (const [given, reason] of [
      [{ env: () => env }, 'env'],
      [{ threads: 2 }, 'threads'],
    ] as const) {
      await using pool = await poolWith('tell_parent', given);
      expect(await fallback(pool)).toMatchObject({ reasons: [reason] });
      expect(await parents(pool)).toEqual([process.pid, process.pid]);
    }
  });

  it('are started one by one where a thread was, and the process that has found out is the first', async () => {
    const { env } = optionsFor('tell_parent', { env: { STARTS_THREAD: '1' } }) as { env: Env };
    await using pool = await poolWith('tell_parent', { env });
    expect(await fallback(pool)).toMatchObject({ reasons: ['python-threads'] });
    expect(await parents(pool)).toEqual([process.pid, process.pid]);
    expect(imports()).toBe(2);
  });
});
