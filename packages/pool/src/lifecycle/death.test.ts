import { createError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';

import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection } from '../test-support/fake-pool.js';
import { died } from '../test-support/fake-worker.js';

describe('death of a worker', () => {
  it('S34 brings a replacement with no further call, as soon as the worker is unavailable', async () => {
    const { pool, factory } = await fakePool({ size: 2 });
    const call = rejection(pool.call('segfault'));
    const neighbour = pool.call('neighbour');
    factory.workers[0]!.die({ reap: false });
    await flush();
    expect(factory.workers).toHaveLength(3);
    // The dead one holds its slot until it is reaped.
    expect(factory.started[2]).toMatchObject({ slot: 2 });
    expect(await call).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    factory.workers[1]!.answer('unaffected');
    expect(await neighbour).toBe('unaffected');
    factory.workers[0]!.reap();
    expect(pool.status().workers.map(({ slot }) => slot)).toEqual([1, 2]);
    expect(pool.stats().workers).toMatchObject({ restarts: 1, exits: 1 });
  });

  it('replaces a lazily started worker that dies idle', async () => {
    const { pool, factory } = await fakePool({ start: 'lazy' });
    const call = pool.call('call');
    await flush();
    factory.workers[0]!.answer();
    await call;
    factory.workers[0]!.die();
    await flush();
    expect(factory.alive).toHaveLength(1);
  });

  it('replaces a worker that exits without a word', async () => {
    const { factory } = await fakePool();
    factory.workers[0]!.reap();
    await flush();
    expect(factory.alive).toHaveLength(1);
  });

  it.each([
    ['eager', { size: 1, overflow: 0, start: 'eager' as const }],
    ['lazy', { size: 1, overflow: 0, start: 'lazy' as const }],
    ['overflow alone', { size: 0, overflow: 1, start: 'lazy' as const }],
  ])('S35 serves the queue behind a dead worker on a new one (%s)', async (_, options) => {
    const { pool, factory } = await fakePool(options);
    const running = rejection(pool.call('running'));
    const queued = pool.call('queued');
    await flush();
    factory.workers[0]!.die();
    expect(await running).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    await flush();
    factory.workers[1]!.answer('served');
    expect(await queued).toBe('served');
  });

  it('S36 fails exactly the call that killed its worker', async () => {
    const { pool, factory } = await fakePool({ size: 4 });
    const calls = Array.from({ length: 20 }, (_, n) => pool.call(`call-${n}`));
    const results = Promise.allSettled(calls);
    for (let open = 20; open > 0; open -= 1) {
      const worker = factory.alive.find((one) => one.calls.length > 0)!;
      if (worker.calls[0]!.name === 'call-3') worker.die();
      else worker.answer();
      await flush();
    }
    expect((await results).flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))).toEqual([3]);
  });

  it('gives a call that provably never ran to another worker, before those who wait', async () => {
    const { pool, factory } = await fakePool({ size: 1 });
    const retried: unknown[] = [];
    pool.on('call-retried', (event) => retried.push(event));
    const call = pool.call('call');
    void pool.call('queued');
    factory.workers[0]!.fail(died('not-started'));
    await flush();
    expect(factory.alive[0]!.calls[0]!.name).toBe('call');
    factory.alive[0]!.answer('second try');
    expect(await call).toBe('second try');
    expect(retried).toMatchObject([{ name: 'call', attempts: 1, workerId: 'pool-0.1' }]);
    expect(factory.workers[0]!.exit).toMatchObject({ reason: 'killed' });
  });

  it('bounds the second wait of such a call like the first', async () => {
    const { pool, factory, clock } = await fakePool({
      mode: 'manual',
      checkoutTimeoutMs: 1_000,
      timeoutMs: 60_000,
    });
    factory.pending[0]!.succeed();
    await flush();
    const call = rejection(pool.call('call'));
    await clock.advance(5_000);
    factory.workers[0]!.fail(died('not-started'));
    await clock.advance(1_000);
    expect(await call).toMatchObject({ code: 'checkout-timeout' });
  });

  it('tries a call at most maxAttempts times', async () => {
    const { pool, factory } = await fakePool({ maxAttempts: 2 });
    const call = rejection(pool.call('call'));
    for (let n = 0; n < 2; n += 1) {
      factory.alive[0]!.fail(died('not-started'));
      await flush();
    }
    expect(await call).toMatchObject({ code: 'worker-exited', outcome: 'not-started' });
  });

  it('does not try a call again that may have run, unless it is idempotent', async () => {
    const { pool, factory } = await fakePool({ size: 2 });
    const careful = rejection(pool.call('careful'));
    const idempotent = pool.call('idempotent', [], { idempotent: true });
    factory.workers[0]!.die();
    factory.workers[1]!.die();
    await flush();
    expect(await careful).toMatchObject({ outcome: 'unknown' });
    factory.alive.find(({ calls }) => calls.length > 0)!.answer('served');
    expect(await idempotent).toBe('served');
  });

  it('does not try again what failed for a reason of its own', async () => {
    const { pool, factory } = await fakePool();
    const call = rejection(pool.call('call', [], { idempotent: true }));
    factory.workers[0]!.fail(createError({ code: 'frame-too-large', message: 'too large' }));
    expect(await call).toMatchObject({ code: 'frame-too-large' });
    expect(factory.alive).toHaveLength(1);
    expect(pool.status().workers[0]).toMatchObject({ id: 'pool-0.1', state: 'ready' });
  });

  it('tells a caller whose worker went without answering', async () => {
    const { pool, factory } = await fakePool();
    const call = rejection(pool.call('call'));
    factory.workers[0]!.reap();
    expect(await call).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    await flush();
    expect(pool.status()).toMatchObject({ running: 0, queued: 0 });
  });

  it('pauses before the next start once workers die young again and again, and recovers', async () => {
    const { factory, clock } = await fakePool();
    for (let n = 0; n < 4; n += 1) {
      factory.alive[0]!.die();
      await flush();
    }
    expect(factory.alive).toHaveLength(0);
    await clock.advance(100);
    expect(factory.alive).toHaveLength(1);
    await clock.advance(60_000);
    factory.alive[0]!.die();
    await flush();
    expect(factory.alive).toHaveLength(1);
  });

  it('does not pause while workers serve for longer than they take to start, however often they die', async () => {
    const { factory, clock } = await fakePool({ mode: 'manual' });
    for (let n = 0; n < 20; n += 1) {
      expect(factory.pending).toHaveLength(1);
      await clock.advance(200);
      const worker = factory.pending[0]!.succeed();
      await flush();
      await clock.advance(201);
      worker.die();
      await flush();
    }
    expect(factory.started).toHaveLength(21);
  });

  it('pauses no more once a worker that began after the deaths has served for longer than it took to start', async () => {
    const { factory, clock } = await fakePool({ mode: 'manual' });
    const next = async (startMs: number, servedMs: number) => {
      await clock.advance(startMs);
      const worker = factory.pending[0]!.succeed();
      await flush();
      await clock.advance(servedMs);
      worker.die();
      await flush();
    };
    for (let n = 0; n < 4; n += 1) await next(200, 200);
    expect(factory.pending).toHaveLength(0);
    await clock.advance(100);
    await next(200, 400);
    // The row is broken: as many deaths as at first go by without a pause.
    for (let n = 0; n < 3; n += 1) await next(200, 200);
    expect(factory.pending).toHaveLength(1);
    await next(200, 200);
    expect(factory.pending).toHaveLength(0);
  });

  it('goes on pausing when one dies that began before the others died young', async () => {
    const { factory, clock } = await fakePool({ mode: 'manual', size: 2 });
    await clock.advance(200);
    const old = factory.pending[0]!.succeed();
    await flush();
    await clock.advance(300);
    for (let n = 0; n < 4; n += 1) {
      const young = factory.pending[0]!.succeed();
      await flush();
      young.die();
      await flush();
    }
    expect(factory.pending).toHaveLength(0);
    await clock.advance(50);
    old.die();
    await flush();
    expect(factory.pending).toHaveLength(0);
    await clock.advance(50);
    expect(factory.pending).toHaveLength(2);
  });

  it.each([
    ['execution-timeout', 'timeout'],
    ['item-timeout', 'timeout'],
    ['aborted', 'aborted'],
  ] as const)(
    'does not pause when workers are ended over their calls (%s), and says why they leave',
    async (code, reason) => {
      const { pool, factory } = await fakePool();
      const left: unknown[] = [];
      pool.on('worker-retiring', ({ reason, error }) => left.push([reason, error?.code]));
      for (let n = 0; n < 10; n += 1) {
        const call = rejection(pool.call('slow'));
        const timeout = createError({ code, message: 'too slow', outcome: 'unknown' });
        const worker = factory.alive[0]!;
        worker.observer.onUnavailable(timeout);
        // Its process is dying: replaced at once, and not asked to stop.
        expect(pool.status().workers.find(({ id }) => id === worker.request.workerId)).toMatchObject({
          state: 'retiring',
          reason,
        });
        await flush();
        expect(factory.workers).toHaveLength(n + 2);
        worker.fail(timeout);
        expect(worker.closing).toBe(false);
        worker.observer.onExit({ reason: 'killed', exitCode: undefined, signal: 'SIGKILL', error: timeout });
        worker.exit = { reason: 'killed', exitCode: undefined, signal: 'SIGKILL', error: timeout };
        expect(await call).toMatchObject({ code });
        await flush();
        expect(factory.alive).toHaveLength(1);
      }
      expect(left).toEqual(Array.from({ length: 10 }, () => [reason, code]));
      expect(pool.stats().workers).toMatchObject({ restarts: 10 });
    },
  );
});

describe('a worn worker', () => {
  const reached = { option: 'maxInterrupts', value: 17, limit: 16 } as const;

  it('serves on until its replacement is up, and leaves when it has answered what it has', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual' });
    factory.pending[0]!.succeed();
    await flush();
    const retired: unknown[] = [];
    pool.on('worker-retiring', (event) => retired.push(event.reached));
    const [running, waiting] = [pool.call('a'), pool.call('b')];
    const [old] = factory.workers;
    old!.observer.onWorn(reached);
    expect(pool.status().workers).toMatchObject([{ state: 'ready' }, { state: 'starting' }]);
    old!.answer('a');
    await flush();
    expect(old!.given).toBe(2);
    factory.pending[0]!.succeed();
    await flush();
    expect(pool.status().workers).toMatchObject([
      { state: 'retiring', reason: 'recycled' },
      { state: 'ready' },
    ]);
    expect(retired).toEqual([reached]);
    old!.answer('b');
    expect(await Promise.all([running, waiting])).toEqual(['a', 'b']);
    await flush();
    expect(factory.alive).toHaveLength(1);
    expect(pool.stats().workers).toMatchObject({ restarts: 1 });
  });

  it('waits its turn where another is being replaced', async () => {
    const { pool, factory } = await fakePool({ size: 3 });
    void Promise.allSettled([pool.call('a'), pool.call('b'), pool.call('c')]);
    for (const worker of factory.workers.slice(0, 3)) worker.observer.onWorn(reached);
    await flush();
    const states = pool.status().workers.map(({ state }) => state);
    expect(states.filter((state) => state === 'retiring')).toHaveLength(1);
    expect(states.filter((state) => state === 'ready')).toHaveLength(3);
    for (const worker of factory.workers.slice(0, 3)) {
      worker.answer();
      await flush();
    }
    await flush();
    expect(pool.stats().workers).toMatchObject({ restarts: 3 });
    expect(factory.alive).toHaveLength(3);
  });
});
