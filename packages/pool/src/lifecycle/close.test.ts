import { describe, expect, it } from 'vitest';

import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection, standings } from '../test-support/fake-pool.js';

/** A pool with 4 running calls and 10 queued. */
async function loaded() {
  const fake = await fakePool({ size: 4 });
  const calls = Array.from({ length: 14 }, (_, n) => fake.pool.call(`call-${n}`, [n]));
  for (const call of calls) call.catch(() => {});
  return { ...fake, calls };
}

describe('close', () => {
  it('S51 finishes running and queued calls, refuses new ones at once, and leaves no worker', async () => {
    const { pool, factory, calls } = await loaded();
    const closing = pool.close();
    expect(await rejection(pool.call('late'))).toMatchObject({ code: 'pool-closed', outcome: 'not-started' });
    for (const worker of factory.alive) {
      worker.respond = () => worker.answer();
      worker.answer();
    }
    await Promise.all(calls);
    await closing;
    expect(factory.alive).toEqual([]);
    expect(factory.closed).toBe(1);
    expect(pool.status()).toMatchObject({ state: 'closed', workers: [] });
  });

  it('S51 when forced ends running calls as unknown and queued ones as never started', async () => {
    const { pool, factory, calls } = await loaded();
    await pool.close({ force: true });
    const errors = await Promise.all(calls.map(rejection));
    expect(errors.map(({ code }) => code)).toEqual(Array(14).fill('pool-closed'));
    expect(errors.map(({ outcome }) => outcome)).toEqual([
      ...Array(4).fill('unknown'),
      ...Array(10).fill('not-started'),
    ]);
    expect(errors[4].message).toMatch(
      /"call-4" was admitted .* waited for a worker when close\(\) was forced/,
    );
    expect(errors[4].context).toEqual({ pool: 'pool', name: 'call-4', limitMs: null });
    const late = await rejection(pool.call('late'));
    expect(late.message).toBe('Pool "pool" is closed and takes no calls.');
    expect(factory.alive).toEqual([]);
  });

  it('S51 ends at its limit what is not done by then', async () => {
    const { pool, factory, calls, clock } = await loaded();
    const closing = pool.close({ timeoutMs: 700 });
    factory.workers[0]!.answer('done');
    await clock.advance(699);
    expect(await standings([calls[0]!, calls[1]!, closing])).toEqual(['done', 'pending', 'pending']);
    await clock.advance(1);
    await closing;
    expect(await rejection(calls[1]!)).toMatchObject({ code: 'pool-closed', outcome: 'unknown' });
    const waited = await rejection(calls[13]!);
    expect(waited).toMatchObject({ code: 'pool-closed', outcome: 'not-started' });
    expect(waited.message).toContain(
      'never started: it waited for a worker when close() ran out of its limit',
    );
    expect(waited.context).toMatchObject({ name: 'call-13', limitMs: 700 });
  });

  it('S52 shares one close among all who ask, and is hastened by one that forces', async () => {
    const { pool, factory } = await loaded();
    const closes = [pool.close(), pool.close({ timeoutMs: 60_000 })];
    expect(await standings(closes)).toEqual(['pending', 'pending']);
    await pool.close({ force: true });
    await Promise.all(closes);
    await pool.close();
    expect(factory.closed).toBe(1);
  });

  it('S52 rejects whatever is asked of a closed pool, and starts nothing again', async () => {
    const { pool, factory, clock } = await fakePool();
    await pool.close();
    const stream = pool.stream('stream');
    expect(await rejection(pool.call('call'))).toMatchObject({ code: 'pool-closed' });
    expect(await rejection(stream.next())).toMatchObject({ code: 'pool-closed' });
    expect(await rejection(stream.started)).toMatchObject({ code: 'pool-closed' });
    expect(await rejection(pool.ready())).toMatchObject({ code: 'pool-closed' });
    await pool.drain();
    await clock.advance(100_000);
    expect(factory.started).toHaveLength(1);
    expect(pool.health()).toMatchObject({ status: 'closed', ready: false });
  });

  it('S52 may be called from a callback of the pool itself', async () => {
    const { pool, factory } = await fakePool();
    let closed: Promise<void> | undefined;
    pool.on('saturated', () => {
      closed = pool.close();
    });
    const call = pool.call('call');
    factory.workers[0]!.answer('finished');
    expect(await call).toBe('finished');
    await closed;
    expect(factory.alive).toEqual([]);
  });

  it('may be called from the event of a start', async () => {
    const { pool, factory } = await fakePool({ start: 'lazy', size: 4 });
    let closed: Promise<void> | undefined;
    pool.on('worker-starting', () => {
      closed ??= pool.close({ force: true });
    });
    expect(await rejection(pool.call('call'))).toMatchObject({ code: 'pool-closed' });
    await closed;
    expect(factory.started).toEqual([]);
    expect(pool.status().workers).toEqual([]);
  });

  it('still starts what queued calls need, and nothing else', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual', start: 'lazy', size: 4 });
    const call = pool.call('call');
    const closing = pool.close();
    factory.pending[0]!.fail();
    await flush();
    expect(await standings([call, closing])).toEqual(['pending', 'pending']);
    await pool.close({ force: true });
    expect(await rejection(call)).toMatchObject({ code: 'pool-closed' });
  });

  it('replaces a worker that dies while the pool closes and calls wait', async () => {
    const { pool, factory } = await fakePool();
    const running = rejection(pool.call('running'));
    const queued = pool.call('queued');
    const closing = pool.close();
    factory.workers[0]!.die();
    await running;
    await flush();
    factory.workers[1]!.answer('served');
    expect(await queued).toBe('served');
    await closing;
    expect(factory.alive).toEqual([]);
  });

  it('kills workers that do not leave within the limit', async () => {
    const { pool, factory, clock } = await fakePool();
    const [worker] = factory.workers;
    worker!.close = () => new Promise(() => {});
    const closing = pool.close({ timeoutMs: 1_000 });
    await clock.advance(1_000);
    await closing;
    expect(worker!.exit).toMatchObject({ reason: 'killed' });
  });

  it('has closed even where the factory cannot be closed', async () => {
    const { pool, factory } = await fakePool();
    factory.close = () => Promise.reject(new Error('stuck'));
    expect(await rejection(pool.close())).toMatchObject({ message: 'stuck' });
    expect(pool.status().state).toBe('closed');
  });

  it('is what await using does', async () => {
    const { factory } = await (async () => {
      const fake = await fakePool();
      await using pool = fake.pool;
      expect(pool.status().state).toBe('open');
      return fake;
    })();
    expect(factory.closed).toBe(1);
  });

  it('rejects unknown options', async () => {
    const { pool } = await fakePool();
    expect(await rejection(pool.close({ forced: true } as never))).toMatchObject({ code: 'invalid-options' });
    expect(pool.status().state).toBe('open');
  });
});

describe('drain', () => {
  it('resolves when nothing runs or waits, and refuses nothing', async () => {
    const { pool, factory } = await fakePool();
    const first = pool.call('first');
    const drained = pool.drain();
    const second = pool.call('second');
    factory.workers[0]!.answer();
    await first;
    expect(await standings([drained])).toEqual(['pending']);
    factory.workers[0]!.answer();
    await second;
    await drained;
    await pool.drain();
  });
});

describe('the process', () => {
  it('S53 is held exactly while a start, a call, a drain or a close is pending', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual' });
    expect(clock.holds).toBe(1);
    factory.pending[0]!.succeed();
    await flush();
    expect(clock.holds).toBe(0);
    const call = pool.call('call');
    expect(clock.holds).toBe(1);
    factory.workers[0]!.answer();
    expect(clock.holds).toBe(0);
    await call;
    let closeFactory!: () => void;
    factory.close = () => new Promise<void>((resolve) => (closeFactory = resolve));
    const closing = pool.close();
    await flush();
    expect(factory.alive).toEqual([]);
    expect(clock.holds).toBe(1);
    closeFactory();
    await closing;
    expect(clock.holds).toBe(0);
  });

  it('is not held by a pause before the next start that nobody waits for', async () => {
    const { factory, clock } = await fakePool({ mode: 'manual' });
    factory.pending[0]!.fail();
    await flush();
    expect(clock.holds).toBe(0);
  });
});
