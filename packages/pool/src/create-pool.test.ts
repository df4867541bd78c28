import { describe, expect, it } from 'vitest';

import { fakePool } from './test-support/fake-pool.js';

describe('createPool', () => {
  it('runs a call on its one worker, in the same turn', async () => {
    const { pool, factory } = await fakePool();
    const call = pool.call('embed', ['hello']);
    const [worker] = factory.workers;
    expect(worker!.calls[0]).toMatchObject({ kind: 'call', name: 'embed', args: ['hello'] });
    worker!.answer([1, 2]);
    expect(await call).toEqual([1, 2]);
    await pool.close();
    expect(factory.alive).toEqual([]);
    expect(factory.closed).toBe(1);
  });
});
