import { describe, expect, it } from 'vitest';

import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection, standings } from '../test-support/fake-pool.js';

describe('resize', () => {
  it('grows and shrinks at once, while calls run and wait', async () => {
    const { pool, factory } = await fakePool({ size: 2 });
    const calls = Array.from({ length: 8 }, () => pool.call('call'));
    pool.resize(4);
    await flush();
    expect(pool.status()).toMatchObject({ size: 4, running: 4, queued: 4 });
    pool.resize(1);
    expect(pool.status().workers.map(({ state, reason }) => reason ?? state)).toEqual([
      'ready',
      'surplus',
      'surplus',
      'surplus',
    ]);
    for (let n = 0; n < 10; n += 1) {
      for (const worker of factory.alive) if (worker.calls.length > 0) worker.answer();
      await flush();
    }
    await Promise.all(calls);
    expect(factory.alive).toHaveLength(1);
    expect(factory.most).toBe(4);
  });

  it('lets idle ones go before busy ones, and gives up starts before both', async () => {
    const { pool, factory } = await fakePool({ size: 3, mode: 'manual' });
    for (const start of [...factory.pending].slice(0, 2)) start.succeed();
    await flush();
    const call = pool.call('call');
    const [starting] = factory.pending;
    pool.resize(2);
    await flush();
    expect(starting!.signal.aborted).toBe(true);
    pool.resize(1);
    await flush();
    expect(pool.status().workers).toMatchObject([
      { id: 'pool-0.1', state: 'ready', running: [{ name: 'call' }] },
    ]);
    factory.workers[0]!.answer();
    await call;
  });

  it('lets those above size rest before they leave', async () => {
    const { pool, factory, clock } = await fakePool({ size: 3, overflow: 1, idleTimeoutMs: 100 });
    pool.resize(1);
    await flush();
    expect(pool.status().workers.map(({ state, overflow }) => [state, overflow])).toEqual([
      ['ready', false],
      ['ready', true],
    ]);
    await clock.advance(100);
    expect(factory.alive).toHaveLength(1);
  });

  it('lets those above size go at once where they need not rest, and none that is busy', async () => {
    const { pool, factory, clock } = await fakePool({ size: 1, overflow: 1, idleTimeoutMs: 0 });
    const calls = ['a', 'b', 'c'].map((name) => pool.call(name));
    await flush();
    await clock.advance(10);
    expect(pool.status().workers.map(({ state }) => state)).toEqual(['ready', 'ready']);
    expect(clock.timers).toBe(1); // of the calls' budgets
    factory.workers[1]!.answer();
    await clock.advance(10);
    expect(factory.workers[1]!.calls).toMatchObject([{ name: 'c' }]);
    factory.workers[1]!.answer();
    await clock.advance(0);
    expect(pool.status().workers).toMatchObject([{ slot: 0, state: 'ready' }]);
    factory.workers[0]!.answer();
    await Promise.all(calls);
  });

  it('goes down to 0 where overflow serves, and up again', async () => {
    const { pool, factory, clock } = await fakePool({ size: 2, overflow: 1, idleTimeoutMs: 50 });
    pool.resize(0);
    await clock.advance(100);
    expect(factory.alive).toEqual([]);
    const call = pool.call('call');
    await flush();
    factory.alive[0]!.answer('served');
    expect(await call).toBe('served');
    pool.resize(2);
    await flush();
    expect(factory.alive).toHaveLength(2);
  });

  it('resolves ready() where fewer workers are left than it waits for', async () => {
    const { pool, factory } = await fakePool({ size: 3, minReady: 3, mode: 'manual' });
    const ready = pool.ready();
    factory.pending[0]!.succeed();
    await flush();
    expect(await standings([ready])).toEqual(['pending']);
    pool.resize(1);
    await ready;
    expect(pool.health().status).toBe('healthy');
  });

  it('probes on where it gives up the probe of an open circuit', async () => {
    const { pool, factory, clock } = await fakePool({
      size: 1,
      overflow: 1,
      mode: 'manual',
      maxStartFailures: 1,
    });
    factory.pending[0]!.succeed();
    await flush();
    const calls = [pool.call('a'), pool.call('b')];
    await flush();
    factory.pending[0]!.fail();
    await clock.advance(1_000);
    expect(factory.pending).toHaveLength(1);
    pool.resize(0);
    await flush();
    expect(factory.pending).toEqual([]);
    pool.resize(1);
    await flush();
    expect(factory.pending).toHaveLength(1);
    factory.pending[0]!.succeed();
    await flush();
    for (const worker of factory.alive) worker.answer();
    await Promise.all(calls);
  });

  it.each([-1, 1.5, NaN, Infinity, '2', null, undefined, 2 ** 60])('refuses %s', async (size) => {
    const { pool } = await fakePool({ size: 1, overflow: 1 });
    expect(() => pool.resize(size as number)).toThrow(expect.objectContaining({ code: 'invalid-options' }));
    expect(pool.status().size).toBe(1);
  });

  it('refuses 0 where that leaves room for no worker, and any size once closed', async () => {
    const { pool } = await fakePool({ size: 1, overflow: 0 });
    expect(() => pool.resize(0)).toThrow(expect.objectContaining({ code: 'invalid-options' }));
    await pool.close();
    expect(() => pool.resize(2)).toThrow(expect.objectContaining({ code: 'pool-closed' }));
    expect(await rejection(pool.call('late'))).toMatchObject({ code: 'pool-closed' });
  });
});
