export { fakePool } from './fake-pool.js';
export type { FakePoolOptions } from './fake-pool.js';
export type { FakeHandler } from './fake-workers.js';
