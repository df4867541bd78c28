import { createError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';

import { flush } from '../test-support/fake-clock.js';
import { fakePool, type FakePool, rejection, standings } from '../test-support/fake-pool.js';
import { startFailed } from '../test-support/fake-worker.js';

/** Let starts fail, one after another, until the circuit is open. */
async function open({ pool, factory, clock }: FakePool): Promise<void> {
  const opened = new Promise<void>((resolve) => pool.on('circuit-open', () => resolve()));
  for (let n = 0; n < 3; n += 1) {
    await clock.advance(500);
    for (const start of [...factory.pending]) start.fail(startFailed(`failure ${n + 1}`));
  }
  await opened;
}

describe('the start circuit breaker', () => {
  it('fails waiting calls after three rounds of failed starts, with the last error as cause', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual', start: 'lazy', size: 4 });
    const calls = [1, 2, 3].map(() => rejection(pool.call('call')));
    // All of the first round fail side by side: that is one failure, and then one start at a time.
    while (factory.pending.length > 0) factory.pending[0]!.fail();
    await clock.advance(100);
    expect(factory.pending).toHaveLength(1);
    factory.pending[0]!.fail();
    expect(await standings(calls)).toEqual(Array(3).fill('pending'));
    await clock.advance(1_000);
    factory.pending[0]!.fail(
      createError({ code: 'start-failed', message: 'third', context: { stderr: ['x'] } }),
    );
    for (const error of await Promise.all(calls)) {
      expect(error).toMatchObject({
        code: 'circuit-open',
        outcome: 'not-started',
        retryable: true,
        context: { pool: 'pool', workerId: 'pool-0.5', failures: 3, nextStartMs: 300, stderr: ['x'] },
        cause: { code: 'start-failed', message: 'third' },
      });
    }
    expect(factory.started).toHaveLength(5);
  });

  it('S06 fails a second wave at once, without a start of its own, and serves once the cause is mended', async () => {
    const fake = await fakePool({ mode: 'manual', start: 'lazy' });
    const { pool, factory, clock } = fake;
    const first = rejection(pool.call('call'));
    await open(fake);
    expect(await first).toMatchObject({ code: 'circuit-open' });
    const before = factory.started.length;
    const second = [1, 2, 3].map(() => pool.call('call'));
    expect(await standings(second)).toEqual(Array(3).fill('circuit-open'));
    expect(factory.started).toHaveLength(before);
    // Mended. The probe comes by itself.
    await clock.advance(500);
    expect(await standings([pool.call('call')])).toEqual(['circuit-open']);
    const worker = factory.pending[0]!.succeed();
    await flush();
    const third = pool.call('call');
    worker.answer('served');
    expect(await third).toBe('served');
    expect(pool.health()).toEqual({ status: 'healthy', ready: true, reasons: [] });
  });

  it('probes one start at a time, after pauses that grow up to maxStartBackoffMs, whether or not anybody calls', async () => {
    const fake = await fakePool({
      mode: 'manual',
      start: 'lazy',
      startBackoffMs: 1_000,
      maxStartBackoffMs: 10_000,
      maxStartFailures: 1,
    });
    const { pool, factory, clock } = fake;
    const pauses: number[] = [];
    pool.on('circuit-open', ({ pauseMs }) => pauses.push(pauseMs));
    void rejection(pool.call('call'));
    factory.pending[0]!.fail();
    await flush();
    for (let n = 0; n < 6; n += 1) {
      await clock.advance(pauses.at(-1)! - 1);
      expect(factory.pending).toHaveLength(0);
      await clock.advance(1);
      expect(factory.pending).toHaveLength(1);
      await clock.advance(60_000);
      expect(factory.pending).toHaveLength(1);
      factory.pending[0]!.fail();
      await flush();
    }
    expect(pauses).toEqual([750, 1_500, 3_000, 6_000, 7_500, 7_500, 7_500]);
  });

  it('opens at once where trying again is no use', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual', start: 'lazy' });
    const call = rejection(pool.call('call'));
    factory.pending[0]!.fail(createError({ code: 'unsupported-platform', message: 'not here' }));
    expect(await call).toMatchObject({
      code: 'circuit-open',
      retryable: false,
      cause: { code: 'unsupported-platform' },
    });
  });

  it('does not open while a start that was begun side by side may still succeed', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual', size: 2, maxStartFailures: 1 });
    const call = pool.call('call');
    factory.pending[0]!.fail();
    await flush();
    const worker = factory.pending[0]!.succeed();
    await flush();
    worker.answer('served');
    expect(await call).toBe('served');
  });

  it('leaves calls to the workers that live, and fails those that wait when the last of these is gone', async () => {
    const fake = await fakePool({ mode: 'manual', size: 2 });
    const { pool, factory } = fake;
    const worker = factory.pending[0]!.succeed();
    await open(fake);
    const running = pool.call('running');
    const queued = pool.call('queued');
    worker.answer(1);
    expect(await running).toBe(1);
    const last = rejection(pool.call('last'));
    expect(pool.health()).toMatchObject({ status: 'degraded', ready: true });
    worker.die();
    expect(await standings([queued])).toEqual(['worker-exited']);
    expect(await last).toMatchObject({ code: 'circuit-open', outcome: 'not-started' });
    expect(pool.health()).toMatchObject({ status: 'failing', ready: false });
  });

  it('never opens with maxStartFailures Infinity: calls wait out their budgets', async () => {
    const { pool, factory, clock } = await fakePool({
      mode: 'manual',
      maxStartFailures: Infinity,
      startTimeoutMs: 20_000,
    });
    const call = rejection(pool.call('call'));
    for (let n = 0; n <= 20; n += 1) {
      factory.pending[0]?.fail();
      await clock.advance(1_000);
    }
    expect(await call).toMatchObject({ code: 'start-timeout' });
  });

  it('tells when it opens, is probed and closes, and health() says why', async () => {
    const fake = await fakePool({ mode: 'manual' });
    const { pool, factory, clock } = fake;
    const seen: unknown[] = [];
    pool.on('circuit-open', ({ workerId, failures, pauseMs, error }) =>
      seen.push(['open', workerId, failures, pauseMs, error.message]),
    );
    pool.on('circuit-half-open', ({ workerId, failures }) => seen.push(['half-open', workerId, failures]));
    pool.on('circuit-closed', ({ workerId, openMs }) => seen.push(['closed', workerId, openMs]));
    await open(fake);
    expect(pool.health().reasons).toEqual([
      'workers fail to start, 3 times in a row since 2023-11-14T22:13:21.500Z; the circuit is open, next probe in 300 ms; last pool-0.3: failure 3',
    ]);
    await clock.advance(300);
    expect(pool.health().reasons[0]).toContain('the circuit is half-open, a probe is under way');
    factory.pending[0]!.fail(startFailed('failure 4'));
    await clock.advance(600);
    factory.pending[0]!.succeed();
    await flush();
    expect(seen).toEqual([
      ['open', 'pool-0.3', 3, 300, 'failure 3'],
      ['half-open', 'pool-0.4', 3],
      ['open', 'pool-0.4', 4, 600, 'failure 4'],
      ['half-open', 'pool-0.5', 4],
      ['closed', 'pool-0.5', 900],
    ]);
    expect(pool.health().status).toBe('healthy');
  });

  it('lets ready() wait for a probe, and close() end it', async () => {
    const fake = await fakePool({ mode: 'manual', start: 'lazy' });
    const { pool, factory, clock } = fake;
    void rejection(pool.call('call'));
    await open(fake);
    const ready = pool.ready();
    await clock.advance(500);
    factory.pending[0]!.succeed();
    await ready;
    const other = await fakePool({ mode: 'manual', start: 'lazy' });
    void rejection(other.pool.call('call'));
    await open(other);
    await other.clock.advance(500);
    await other.pool.close();
    expect(other.factory.pending).toEqual([]);
    expect(other.clock.timers).toBe(0);
    expect(other.clock.holds).toBe(0);
  });
});
