import { expect, it } from 'vitest';

import { fakePool } from '../test-support/fake-pool.js';

it('finds a pool without steady workers healthy and ready while none is there', async () => {
  const { pool } = await fakePool({ mode: 'manual', size: 0, overflow: 1, minReady: 0 });
  expect(pool.status().workers).toEqual([]);
  expect(pool.health()).toEqual({ status: 'healthy', ready: true, reasons: [] });
});
