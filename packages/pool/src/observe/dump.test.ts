import type { WorkerDump } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';

import { flush } from '../test-support/fake-clock.js';
import { died } from '../test-support/fake-worker.js';
import { fakePool, rejection } from '../test-support/fake-pool.js';

const dump: WorkerDump = {
  workerId: 'pool-1.2',
  pid: 1002,
  how: 'asked',
  takenAt: 5,
  calls: [],
  threads: [],
  tasks: undefined,
};

describe('a dump', () => {
  it('is what that very worker tells', async () => {
    const { pool, factory } = await fakePool({ size: 2 });
    factory.workers[1]!.dump = () => Promise.resolve(dump);
    expect(await pool.dump('pool-1.2')).toBe(dump);
  });

  it('of an unknown worker names those that there are, and the one that was probably meant', async () => {
    const { pool, factory } = await fakePool({ size: 2 });
    factory.workers[1]!.die();
    await flush();
    expect(await rejection(pool.dump('pol-0.1'))).toMatchObject({
      category: 'usage',
      code: 'invalid-arguments',
      message: expect.stringContaining('Did you mean "pool-0.1"? There are pool-0.1, pool-2.3;') as string,
      context: { workerId: 'pol-0.1', known: ['pool-0.1', 'pool-2.3'], suggestions: ['pool-0.1'] },
    });
    const lost = await rejection(pool.dump('pool-1.2'));
    expect(lost.code).toBe('invalid-arguments');
    expect((await rejection(pool.dump(7 as never))).message).toContain('has the id 7.');
    await pool.close();
    expect((await rejection(pool.dump('pool-0.1'))).message).toContain('There is none;');
  });

  it('is not to be had of a worker that is starting', async () => {
    const { pool } = await fakePool({ mode: 'manual' });
    expect(await rejection(pool.dump('pool-0.1'))).toMatchObject({
      code: 'worker-unresponsive',
      outcome: 'not-started',
      context: { workerId: 'pool-0.1' },
    });
    await pool.close({ force: true });
  });

  it('rejects as the worker does, and where its kind cannot tell', async () => {
    const { pool, factory } = await fakePool();
    expect(await rejection(pool.dump('pool-0.1'))).toMatchObject({ code: 'unsupported-platform' });
    factory.workers[0]!.dump = () => Promise.reject(died('unknown'));
    expect(await rejection(pool.dump('pool-0.1'))).toMatchObject({ code: 'worker-exited' });
  });
});
