import { describe, expect, it } from 'vitest';

import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection, standings } from '../test-support/fake-pool.js';
import { startFailed } from '../test-support/fake-worker.js';

describe('reload', () => {
  it('S50 replaces every worker under load, and fails no call', async () => {
    const { pool, factory } = await fakePool({ size: 4 });
    const old = [...factory.workers];
    const seen: string[] = [];
    pool.on('reloaded', () => seen.push('reloaded'));
    let failed = 0;
    const calls = Array.from({ length: 200 }, () => pool.call('call').catch(() => (failed += 1)));
    const reloaded = pool.reload();
    while (pool.status().running > 0) {
      for (const worker of factory.alive) if (worker.calls.length > 0) worker.answer();
      await flush();
    }
    await Promise.all(calls);
    await reloaded;
    expect(failed).toBe(0);
    expect(old.every(({ exit }) => exit?.reason === 'closed')).toBe(true);
    expect(factory.alive).toHaveLength(4);
    expect(factory.most).toBe(5);
    expect(seen).toEqual(['reloaded']);
  });

  it("replaces one after another with replace: 'after'", async () => {
    const { pool, factory } = await fakePool({ size: 3, replace: 'after' });
    await pool.reload();
    expect(factory.started).toHaveLength(6);
    expect(factory.alive).toHaveLength(3);
    expect(factory.most).toBe(3);
  });

  it('keeps the old workers where a new one cannot start, and says why', async () => {
    const { pool, factory, clock } = await fakePool({ size: 2, overflow: 1, mode: 'manual' });
    for (const start of [...factory.pending]) start.succeed();
    await flush();
    const events: unknown[] = [];
    pool.on('reload-failed', ({ error }) => events.push(error));
    for (let n = 0; n < 6; n += 1) {
      const failure = rejection(pool.reload());
      await flush();
      expect(factory.pending).toHaveLength(1);
      factory.pending[0]!.fail(startFailed('SyntaxError: line 3'));
      const error = await failure;
      expect(error).toMatchObject({ code: 'start-failed', context: { kept: 2 } });
      expect(error.message).toContain('SyntaxError: line 3');
      expect(events.at(-1)).toBe(error);
    }
    // No pause, no circuit: the pool wants nobody.
    await clock.advance(100_000);
    expect(factory.pending).toEqual([]);
    expect(pool.health().status).toBe('healthy');
    expect(pool.status().workers.map(({ id, state }) => [id, state])).toEqual([
      ['pool-0.1', 'ready'],
      ['pool-1.2', 'ready'],
    ]);
  });

  it('lets no worker go before a new one has come up, though there are more than enough', async () => {
    const { pool, factory } = await fakePool({
      size: 1,
      overflow: 1,
      mode: 'manual',
      idleTimeoutMs: Infinity,
    });
    factory.pending[0]!.succeed();
    await flush();
    const calls = [pool.call('a'), pool.call('b')];
    factory.pending[0]!.succeed();
    await flush();
    const reloaded = pool.reload();
    await flush();
    expect(pool.status().workers.map(({ state }) => state)).toEqual(['ready', 'ready', 'starting']);
    for (const worker of factory.alive) worker.answer();
    await Promise.all(calls);
    factory.pending[0]!.succeed();
    await flush();
    expect(await standings([reloaded])).toEqual([undefined]);
    expect(factory.alive.map(({ request }) => request.workerId)).toEqual(['pool-2.3']);
  });

  it('begins anew what was starting, and ends a pause after failures', async () => {
    const { pool, factory } = await fakePool({ size: 1, mode: 'manual' });
    const starting = factory.pending[0]!;
    const reloaded = pool.reload();
    await flush();
    expect(starting.signal.aborted).toBe(true);
    expect(factory.pending.map(({ request }) => request.workerId)).toEqual(['pool-0.2']);
    factory.pending[0]!.fail();
    expect(await rejection(reloaded)).toMatchObject({ code: 'start-failed' });
    expect(factory.pending).toEqual([]);
    const again = pool.reload();
    await flush();
    factory.pending[0]!.succeed();
    await again;
    expect(pool.health().status).toBe('healthy');
  });

  it('tries at once though the circuit is open, and closes it', async () => {
    const { pool, factory } = await fakePool({ size: 1, mode: 'manual', maxStartFailures: 1 });
    const seen: string[] = [];
    for (const name of ['circuit-open', 'circuit-half-open', 'circuit-closed'] as const)
      pool.on(name, () => seen.push(name));
    factory.pending[0]!.fail();
    await flush();
    const reloaded = pool.reload();
    await flush();
    factory.pending[0]!.succeed();
    await reloaded;
    expect(seen).toEqual(['circuit-open', 'circuit-half-open', 'circuit-closed']);
  });

  it('takes in what an earlier one has begun', async () => {
    const { pool, factory } = await fakePool({ size: 2, mode: 'manual' });
    for (const start of [...factory.pending]) start.succeed();
    await flush();
    const first = pool.reload();
    await flush();
    factory.pending[0]!.succeed();
    await flush();
    const second = pool.reload();
    await flush();
    let done: unknown[] = [];
    for (let n = 0; n < 10; n += 1) {
      factory.pending[0]?.succeed();
      await flush();
      done = await standings([first, second]);
      if (done[1] !== 'pending') break;
    }
    expect(done).toEqual([undefined, undefined]);
    const numbers = factory.alive.map(({ request }) => Number(request.workerId.split('.')[1]));
    expect(Math.min(...numbers)).toBeGreaterThan(3);
    expect(factory.alive).toHaveLength(2);
  });

  it('shares one with whoever asks in the same moment', async () => {
    const { pool, factory } = await fakePool({ size: 2 });
    await Promise.all([pool.reload(), pool.reload(), pool.reload()]);
    expect(factory.started).toHaveLength(4);
  });

  it('has nothing to do where nobody has been started', async () => {
    const { pool, factory } = await fakePool({ start: 'lazy' });
    await pool.reload();
    expect(factory.started).toEqual([]);
  });

  it('leaves a lazy pool at the size it has grown to', async () => {
    const { pool, factory } = await fakePool({ start: 'lazy', size: 4 });
    const call = pool.call('call');
    await flush();
    factory.workers[0]!.answer();
    await call;
    for (let n = 0; n < 3; n += 1) await pool.reload();
    expect(factory.alive).toHaveLength(1);
  });

  it('waits for a call on an old worker, and takes the others first', async () => {
    const { pool, factory, clock } = await fakePool({ size: 2 });
    const stream = pool.stream('endless');
    await stream.started;
    const reloaded = pool.reload();
    expect(await standings([reloaded])).toEqual(['pending']);
    expect(pool.status().workers.map(({ state }) => state)).toEqual(['retiring', 'ready', 'ready']);
    expect(factory.workers[1]!.exit).toBeDefined();
    expect(clock.holds).toBe(1);
    factory.workers[0]!.answer();
    await reloaded;
    expect(clock.holds).toBe(0);
  });

  it('is refused by a closed pool, and ended by one that closes', async () => {
    const { pool, factory } = await fakePool({ size: 1 });
    const call = pool.call('call');
    const reloaded = rejection(pool.reload());
    const closed = pool.close();
    expect(await reloaded).toMatchObject({ code: 'pool-closed' });
    expect(await rejection(pool.reload())).toMatchObject({ code: 'pool-closed' });
    for (const worker of factory.alive) if (worker.calls.length > 0) worker.answer();
    await call;
    await closed;
    expect(factory.alive).toEqual([]);
  });
});
