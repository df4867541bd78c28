import { expect, it } from 'vitest';

import { fakePool } from '../test-support/fake-pool.js';

it.each([
  ['none', { minReady: 0 }],
  ['one, by default,', {}],
])(
  'finds a pool without steady workers healthy and ready while none is there and %s is waited for',
  async (_, options) => {
    const { pool } = await fakePool({ mode: 'manual', size: 0, overflow: 1, ...options });
    expect(pool.status().workers).toEqual([]);
    expect(pool.health()).toEqual({ status: 'healthy', ready: true, reasons: [] });
  },
);
