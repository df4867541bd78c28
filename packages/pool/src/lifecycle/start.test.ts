import { createError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';

import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection, standings } from '../test-support/fake-pool.js';
import { startFailed } from '../test-support/fake-worker.js';

describe('start', () => {
  it('starts size workers at once when eager, with the smallest slots and ids of their own', async () => {
    const { factory } = await fakePool({ mode: 'manual', size: 3, overflow: 2, name: 'embeddings' });
    expect(factory.started).toEqual([
      { workerId: 'embeddings-0.1', poolName: 'embeddings', slot: 0, generation: 0 },
      { workerId: 'embeddings-1.2', poolName: 'embeddings', slot: 1, generation: 0 },
      { workerId: 'embeddings-2.3', poolName: 'embeddings', slot: 2, generation: 0 },
    ]);
  });

  it('starts nothing before the first call when lazy, and what was started then stays', async () => {
    const { pool, factory, clock } = await fakePool({ start: 'lazy', size: 2, idleTimeoutMs: 10 });
    expect(factory.started).toHaveLength(0);
    const call = pool.call('call');
    await flush();
    factory.workers[0]!.answer('done');
    expect(await call).toBe('done');
    await clock.advance(1_000);
    expect(factory.alive).toHaveLength(1);
  });

  it('S07 starts eight workers side by side for eight calls', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual', start: 'lazy', size: 8 });
    for (let n = 0; n < 8; n += 1) void pool.call('long');
    expect(factory.pending).toHaveLength(8);
  });

  it('bounds the starts that run side by side, and drops those whose need has gone', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual', start: 'lazy', size: 6, startConcurrency: 2 });
    const calls = [1, 2, 3, 4].map(() => pool.call('short'));
    expect(factory.pending).toHaveLength(2);
    const worker = factory.pending[0]!.succeed();
    worker.respond = () => worker.answer();
    await Promise.all(calls);
    expect(factory.started).toHaveLength(2);
  });

  it('resolves ready() with minReady workers, and starts them for it when lazy', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual', start: 'lazy', size: 4, minReady: 2 });
    const ready = pool.ready();
    expect(factory.pending).toHaveLength(2);
    factory.pending[0]!.succeed();
    expect(await standings([ready])).toEqual(['pending']);
    factory.pending[0]!.succeed();
    expect(await standings([ready])).toEqual([undefined]);
  });

  it('takes calls from the first ready worker on', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual', size: 3, minReady: 3 });
    const call = pool.call('call');
    const worker = factory.pending[1]!.succeed();
    await flush();
    worker.answer('served');
    expect(await call).toBe('served');
  });

  it('S03 rejects ready() at the first failure that leaves too few on their way', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual', size: 2 });
    const ready = pool.ready();
    factory.pending[0]!.fail();
    expect(await standings([ready])).toEqual(['pending']);
    factory.pending[0]!.fail(startFailed('boom at import'));
    expect(await rejection(ready)).toMatchObject({ code: 'start-failed', message: 'boom at import' });
  });

  it('lets ready() try again after it was rejected', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual', start: 'lazy' });
    const first = pool.ready();
    factory.pending[0]!.fail();
    expect(await rejection(first)).toMatchObject({ code: 'start-failed' });
    const second = pool.ready();
    await clock.advance(1_000);
    factory.pending[0]!.succeed();
    await second;
  });

  it('S05 gives up a start at startTimeoutMs, tells the factory, and rejects ready()', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual', startTimeoutMs: 1_000 });
    const ready = rejection(pool.ready());
    const { signal } = factory.pending[0]!;
    await clock.advance(1_000);
    expect(signal.aborted).toBe(true);
    expect(await ready).toMatchObject({ code: 'start-timeout', outcome: 'not-started' });
  });

  it('S05 tells of a start that took too long what its factory knows of it, to whoever waits and to listeners', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual', startTimeoutMs: 1_000 });
    const told: unknown[] = [];
    pool.on('worker-start-failed', ({ error }) => told.push(error));
    factory.explain = ({ code, message, context }) =>
      createError({
        code,
        message: `${message} It was importing.`,
        context: { ...context, phase: 'importing' },
      });
    // Nobody waits for the factory: its process may take long to end.
    factory.honoursAbort = false;
    const ready = rejection(pool.ready());
    await clock.advance(1_000);
    const error = await ready;
    expect(error).toMatchObject({
      code: 'start-timeout',
      message:
        'Worker pool-0.1 was not ready within startTimeoutMs (1000 ms); raise it if a start needs longer. It was importing.',
      context: { workerId: 'pool-0.1', startTimeoutMs: 1_000, phase: 'importing' },
    });
    expect(told).toEqual([error]);
    expect(pool.health().reasons.join()).toContain('It was importing.');
  });

  it('S08 uses the ready workers while another start hangs, then replaces that one', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual', size: 2, startTimeoutMs: 1_000 });
    const worker = factory.pending[0]!.succeed();
    await flush();
    worker.respond = () => worker.answer('served');
    for (let n = 0; n < 5; n += 1) expect(await pool.call('call')).toBe('served');
    await clock.advance(2_000);
    expect(factory.started).toHaveLength(3);
    expect(factory.started[2]).toMatchObject({ slot: 1 });
  });

  it('S08 kills a worker that arrives after its time, and keeps its slot taken until it is gone', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual', startTimeoutMs: 1_000 });
    factory.honoursAbort = false;
    const late = factory.pending[0]!;
    await clock.advance(1_500);
    expect(factory.started[1]).toMatchObject({ slot: 1 });
    const worker = late.succeed();
    await flush();
    expect(worker.exit).toMatchObject({ reason: 'killed' });
    expect(pool.status().workers.map(({ slot }) => slot)).toEqual([1]);
  });

  it('S08 takes a worker that arrives after its time and is gone at once for gone, where its memory is limited too', async () => {
    const { pool, factory, clock } = await fakePool({
      mode: 'manual',
      startTimeoutMs: 1_000,
      maxMemoryBytes: 1_000,
    });
    factory.honoursAbort = false;
    const late = factory.pending[0]!;
    await clock.advance(1_500);
    late.succeed().die();
    await flush();
    expect(pool.status().workers.map(({ slot }) => slot)).toEqual([1]);
  });

  it('S09 closes right after creation and in the middle of many starts, once, leaving nothing', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual', size: 20, startConcurrency: 20 });
    const ready = rejection(pool.ready());
    const call = rejection(pool.call('call'));
    const closes = [pool.close({ force: true }), pool.close({ force: true })];
    await Promise.all(closes);
    expect(await ready).toMatchObject({ code: 'pool-closed' });
    expect(await call).toMatchObject({ code: 'pool-closed', outcome: 'not-started' });
    expect(factory.pending).toEqual([]);
    expect(pool.status().workers).toEqual([]);
    expect(factory.closed).toBe(1);
  });

  it('treats a worker that died before anybody knew it was up as a failed start', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual' });
    const ready = rejection(pool.ready());
    factory.pending[0]!.succeed().die();
    expect(await ready).toMatchObject({ code: 'worker-exited' });
    expect(pool.status().workers.filter(({ state }) => state === 'ready')).toEqual([]);
  });

  it('copes with a factory that throws', async () => {
    const { pool, factory } = await fakePool({ start: 'lazy' });
    factory.start = () => {
      throw new Error('not today');
    };
    expect(await rejection(pool.ready())).toMatchObject({ code: 'internal' });
  });
});

describe('failing starts', () => {
  it('keeps serving with the workers it has, and names the failure when a call waited in vain', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual', size: 2, checkoutTimeoutMs: 2_000 });
    factory.pending[0]!.succeed();
    factory.pending[0]!.fail(startFailed('out of memory'));
    await flush();
    void pool.call('long');
    const waiting = rejection(pool.call('waiting'));
    for (let n = 0; n < 8; n += 1) {
      await clock.advance(250);
      factory.pending[0]?.fail(startFailed('out of memory'));
    }
    const error = await waiting;
    expect(error).toMatchObject({ code: 'checkout-timeout', cause: { message: 'out of memory' } });
    expect(error.context).toMatchObject({ total: 1, busy: 1, starting: 0, queued: 1, maximum: 2 });
  });

  it('pauses longer after each failure, up to 30 s', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual' });
    const pauses: number[] = [];
    pool.on('worker-start-failed', ({ pauseMs }) => pauses.push(pauseMs));
    for (let n = 0; n < 12; n += 1) {
      factory.pending[0]!.fail();
      await flush();
      await clock.advance(30_000);
    }
    expect(pauses.slice(0, 4)).toEqual([75, 150, 300, 600]);
    expect(Math.max(...pauses)).toBe(22_500);
  });
});

describe('overflow', () => {
  it('S13 comes under load and leaves when idle, twice', async () => {
    const { pool, factory, clock } = await fakePool({ size: 2, overflow: 3, idleTimeoutMs: 300 });
    for (const _ of [1, 2]) {
      const calls = Array.from({ length: 20 }, () => pool.call('call'));
      await flush();
      expect(factory.alive).toHaveLength(5);
      for (const worker of factory.alive) {
        worker.respond = () => worker.answer();
        worker.answer();
      }
      await Promise.all(calls);
      for (const worker of factory.alive) worker.respond = undefined;
      await clock.advance(299);
      expect(factory.alive).toHaveLength(5);
      await clock.advance(1);
      expect(factory.alive).toHaveLength(2);
    }
    expect(factory.most).toBe(5);
    expect(pool.status().workers.map(({ slot }) => slot)).toEqual([0, 1]);
  });

  it('rests under light load, which the steady workers carry', async () => {
    const { pool, factory, clock } = await fakePool({ size: 2, overflow: 2, idleTimeoutMs: 1_000 });
    const burst = [1, 2, 3, 4].map(() => pool.call('call'));
    await flush();
    for (const worker of factory.alive) worker.answer();
    await Promise.all(burst);
    for (let n = 0; n < 20; n += 1) {
      const call = pool.call('call');
      factory.alive.find(({ calls }) => calls.length > 0)!.answer();
      await call;
      await clock.advance(100);
    }
    expect(factory.alive).toHaveLength(2);
  });

  it('leaves after its own rest, also where it was used between two looks', async () => {
    const { pool, factory, clock } = await fakePool({ size: 0, overflow: 1, idleTimeoutMs: 100 });
    for (let n = 0; n < 2; n += 1) {
      const call = pool.call('call');
      await flush();
      factory.workers[0]!.answer();
      await call;
      await clock.advance(50);
    }
    await clock.advance(49);
    expect(factory.alive).toHaveLength(1);
    await clock.advance(1);
    expect(factory.alive).toHaveLength(0);
  });

  it('is not reaped in the middle of a call', async () => {
    const { pool, factory, clock } = await fakePool({ size: 0, overflow: 1, idleTimeoutMs: 100 });
    const call = pool.call('long');
    await flush();
    await clock.advance(5_000);
    factory.workers[0]!.answer('done');
    expect(await call).toBe('done');
    await clock.advance(99);
    expect(factory.alive).toHaveLength(1);
    await clock.advance(101);
    expect(factory.alive).toHaveLength(0);
  });

  it('counts a worker that is leaving until it is gone', async () => {
    const { pool, factory, clock } = await fakePool({ size: 1, overflow: 1, idleTimeoutMs: 100 });
    const burst = [pool.call('a'), pool.call('b')];
    await flush();
    const leaving = factory.workers[1]!;
    leaving.close = () => new Promise(() => {});
    for (const worker of factory.alive) worker.answer();
    await Promise.all(burst);
    await clock.advance(100);
    expect(pool.status().workers[1]).toMatchObject({ state: 'retiring', reason: 'idle' });
    void pool.call('c');
    void pool.call('d');
    await flush();
    expect(factory.started).toHaveLength(2);
    leaving.observer.onExit({ reason: 'closed', exitCode: 0, signal: undefined, error: undefined });
    await flush();
    expect(factory.started).toHaveLength(3);
  });
});
