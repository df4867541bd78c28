import { createPool } from '@pypool/pool';
import type { PoolOptions } from '@pypool/pool';
import { describe, expect, it } from 'vitest';

import { hint, sessionPool, strictFailFast, strictQueue } from '../src/index.js';
import type { Affinity } from '../src/index.js';
import { fakeWorkers } from './fake-workers.js';

/** A real pool of fake workers, two unless told otherwise, with sessions in front. */
async function poolWith(affinity?: Affinity, options: Partial<PoolOptions> = {}) {
  const { factory, workers } = fakeWorkers();
  const pool = createPool({
    factory,
    size: 2,
    overflow: 0,
    minReady: 2,
    ...(affinity && { selection: affinity }),
    ...options,
  });
  await pool.ready();
  const front = sessionPool(pool, { affinity });
  return {
    pool,
    front,
    workers,
    busy: () => workers.filter(({ running }) => running.length > 0),
    [Symbol.asyncDispose]: () => pool.close({ force: true }),
  };
}

describe('a real pool', () => {
  it('serves a session by any worker unless told otherwise, and counts its calls', async () => {
    await using given = await poolWith();
    const session = given.front.session('user-42');
    const both = Promise.all([session.call('f'), session.call('f')]);
    expect(given.busy()).toHaveLength(2);
    for (const worker of given.workers) worker.answer();
    expect(new Set(await both).size).toBe(2);
    expect(session.info()).toMatchObject({ operations: 2, errors: 0, inFlight: 0 });
  });

  it('is done with a stream that nobody iterates when the pool is', async () => {
    await using given = await poolWith();
    const session = given.front.session('user-42');
    const stream = session.stream('f');
    expect(session.info()).toMatchObject({ operations: 1, inFlight: 1 });
    given.busy()[0]!.answer();
    await stream.finished;
    expect(session.info()).toMatchObject({ operations: 1, errors: 0, inFlight: 0 });
  });

  it('carries id and metadata to the worker, and neither for an anonymous call', async () => {
    await using given = await poolWith();
    void given.front.session('user-42', { metadata: { plan: 'free' } }).call('f');
    expect(given.busy()[0]!.running[0]!.meta?.session).toEqual({ id: 'user-42', metadata: { plan: 'free' } });
    given.busy()[0]!.answer();
    void given.pool.call('f');
    expect(given.busy()[0]!.running[0]!.meta?.session).toBeUndefined();
    given.busy()[0]!.answer();
  });

  it('under hint() serves a session elsewhere while its worker is busy', async () => {
    await using given = await poolWith(hint());
    const session = given.front.session('a');
    const first = session.call('f');
    const home = given.busy()[0]!;
    const second = session.call('f');
    given.workers.find((worker) => worker !== home)!.answer();
    expect(await second).not.toBe(home.id);
    home.answer();
    expect(await first).toBe(home.id);
    const third = session.call('f');
    home.answer();
    expect(await third).toBe(home.id);
  });

  it('under strictQueue() lets others pass a session that waits for its worker', async () => {
    await using given = await poolWith(strictQueue());
    const session = given.front.session('a');
    const first = session.call('f');
    const home = given.busy()[0]!;
    const behind = session.call('f');
    const other = given.pool.call('f');
    given.workers.find((worker) => worker !== home)!.answer();
    await other;
    expect(given.pool.status().queued).toBe(1);
    home.answer();
    home.answer();
    expect([await first, await behind]).toEqual([home.id, home.id]);
  });

  it('under strictQueue() binds calls that were queued before there was a worker to bind to', async () => {
    await using given = await poolWith(strictQueue());
    const blockers = [given.pool.call('f'), given.pool.call('f')];
    const session = given.front.session('a');
    const calls = [session.call('f'), session.call('f'), session.call('f')];
    const [home, other] = given.workers;
    home!.answer();
    other!.answer();
    await Promise.all(blockers);
    expect(other!.running).toEqual([]);
    for (let n = 0; n < 3; n += 1) home!.answer();
    expect(await Promise.all(calls)).toEqual([home!.id, home!.id, home!.id]);
  });

  it('under strictQueue() tells one waiting call that its worker died, and binds the rest anew', async () => {
    await using given = await poolWith(strictQueue());
    const session = given.front.session('a');
    const calls = [session.call('f'), session.call('f'), session.call('f'), session.call('f')];
    const outcomes = Promise.allSettled(calls);
    given.busy()[0]!.die();
    const heir = given.busy()[0]!;
    heir.answer();
    heir.answer();
    expect(await outcomes).toMatchObject([
      { reason: { code: 'worker-exited' } },
      { reason: { code: 'session-lost', outcome: 'not-started' } },
      { value: heir.id },
      { value: heir.id },
    ]);
  });

  it('under strictQueue() says session-lost when an overflow worker that it had to bind to has rested', async () => {
    const options = { size: 1, overflow: 1, minReady: 1, idleTimeoutMs: 0 };
    await using given = await poolWith(strictQueue(), options);
    const ready = new Promise<void>((resolve) => given.pool.on('worker-ready', () => resolve()));
    const left = new Promise<void>((resolve) => given.pool.on('worker-exit', () => resolve()));
    const [steady] = given.workers;
    const blocker = given.pool.call('f');
    const session = given.front.session('a');
    const first = session.call('f');
    await ready;
    const overflow = given.workers.find((worker) => worker !== steady)!;
    overflow.answer();
    expect(await first).toBe(overflow.id);
    steady!.answer();
    await blocker;
    await left;
    await expect(session.call('f')).rejects.toMatchObject({ code: 'session-lost', outcome: 'not-started' });
    const anew = session.call('f');
    steady!.answer();
    expect(await anew).toBe(steady!.id);
  });

  it('under strictFailFast() rejects at once while the session’s worker is busy', async () => {
    await using given = await poolWith(strictFailFast());
    const session = given.front.session('a');
    const first = session.call('f');
    await expect(session.call('f')).rejects.toMatchObject({ code: 'session-busy', category: 'resource' });
    given.busy()[0]!.answer();
    await first;
    expect(session.info()).toMatchObject({ operations: 2, errors: 1 });
  });
});
