import { describe, expect, it } from 'vitest';

import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection } from '../test-support/fake-pool.js';
import { Emitter } from './emitter.js';
import { POOL_EVENT_NAMES } from './events.js';
import { judgeHealth } from './health.js';
import { Histogram } from './histogram.js';

describe('events', () => {
  it('that do not exist, or without a function to tell, are refused at once', async () => {
    const { pool } = await fakePool();
    expect(() => pool.on('worker-redy' as never, () => {})).toThrow('Did you mean "worker-ready"?');
    expect(() => pool.on('closed', undefined as never)).toThrow('is undefined, not a function');
  });

  it('tell the life of a worker and of the pool, with ids to correlate them', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual', start: 'lazy' });
    const seen: string[] = [];
    for (const name of POOL_EVENT_NAMES) {
      pool.on(name, (event) => seen.push([name, ...('workerId' in event ? [event.workerId] : [])].join(' ')));
    }
    const call = rejection(pool.call('call'));
    factory.pending[0]!.fail();
    await clock.advance(100);
    factory.pending[0]!.succeed();
    await flush();
    factory.workers[0]!.die();
    await call;
    await pool.close({ force: true });
    expect(seen).toEqual([
      'worker-starting pool-0.1',
      'saturated',
      'worker-start-failed pool-0.1',
      'worker-starting pool-0.2',
      'worker-ready pool-0.2',
      'worker-retiring pool-0.2',
      'worker-starting pool-1.3',
      // What the dead one has is in nobody's way.
      'available',
      'worker-exit pool-0.2',
      'closing',
      'closed',
    ]);
  });

  it('S21 tell one edge to saturated and one back to available', async () => {
    const { pool, factory } = await fakePool({ size: 2 });
    const edges: unknown[] = [];
    pool.on('saturated', ({ running, queued, places }) => edges.push(['saturated', running, queued, places]));
    pool.on('available', ({ running }) => edges.push(['available', running]));
    void pool.call('a');
    void pool.call('b');
    void pool.call('c');
    for (let n = 0; n < 3; n += 1) factory.workers.find(({ calls }) => calls.length > 0)!.answer();
    expect(edges).toEqual([
      ['saturated', 2, 0, 2],
      ['available', 1],
    ]);
  });

  it('carry the facts of a worker', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual' });
    const ready: unknown[] = [];
    pool.on('worker-ready', (event) => ready.push(event));
    factory.pending[0]!.succeed();
    await flush();
    expect(ready).toMatchObject([{ pool: 'pool', slot: 0, facts: { pid: 1001 }, startMs: 0 }]);
  });

  it('let a listener come once, and go', async () => {
    const { pool, factory } = await fakePool();
    let heard = 0;
    const listener = () => (heard += 1);
    pool.on('saturated', listener);
    pool.on('saturated', listener);
    void pool.call('a');
    factory.workers[0]!.answer();
    expect(heard).toBe(1);
    pool.off('saturated', listener);
    void pool.call('a');
    expect(heard).toBe(1);
  });

  it('go on when a listener throws, whose error is reported', () => {
    const reported: unknown[] = [];
    const emitter = new Emitter((error) => reported.push(error));
    let heard = 0;
    emitter.on('closed', () => {
      throw new Error('mine');
    });
    emitter.on('closed', () => (heard += 1));
    emitter.emit('closed', { pool: 'pool' });
    expect(heard).toBe(1);
    expect(reported).toMatchObject([{ message: 'mine' }]);
  });

  it('may call the pool', async () => {
    const { pool, factory } = await fakePool({ size: 2 });
    const calls: Promise<unknown>[] = [];
    pool.on('saturated', () => calls.push(pool.call('from the listener')));
    calls.push(pool.call('a'), pool.call('b'));
    for (const worker of factory.workers) {
      worker.respond = () => worker.answer();
      worker.answer();
    }
    await Promise.all(calls);
    expect(pool.stats().calls.succeeded).toBe(3);
  });
});

describe('status', () => {
  it('shows every worker, what it runs and since when', async () => {
    const { pool, clock } = await fakePool({ size: 2 });
    await clock.advance(500);
    void pool.call('embed', [], { attributes: { tenant: 'x' }, meta: { session: { id: 's' } } });
    const at = clock.epochMs();
    await clock.advance(100);
    expect(pool.status()).toMatchObject({
      name: 'pool',
      state: 'open',
      size: 2,
      overflow: 0,
      selection: 'least-busy',
      queue: 'fifo',
      running: 1,
      queued: 0,
      workers: [
        {
          id: 'pool-0.1',
          slot: 0,
          state: 'ready',
          since: at - 500,
          facts: { pid: 1001 },
          calls: 1,
          running: [{ id: 1, name: 'embed', since: at, attributes: { tenant: 'x' }, session: { id: 's' } }],
        },
        { id: 'pool-1.2', slot: 1, state: 'ready', running: [] },
      ],
    });
  });
});

describe('stats', () => {
  it('count calls by what became of them, and their latency with the wait in it', async () => {
    const { pool, factory, clock } = await fakePool();
    const calls = [pool.call('a'), pool.call('b')];
    await clock.advance(100);
    factory.workers[0]!.answer();
    await clock.advance(100);
    factory.workers[0]!.answer();
    await Promise.all(calls);
    await rejection(pool.call('c', [], { signal: AbortSignal.abort() }));
    const stats = pool.stats();
    expect(stats.calls).toEqual({ submitted: 3, succeeded: 2, failed: 1, retried: 0 });
    expect(stats.errors).toEqual({ aborted: 1 });
    expect(stats.latency.p50Ms).toBeGreaterThan(96);
    expect(stats.latency.p50Ms).toBeLessThan(104);
    expect(stats.latency.p99Ms).toBeGreaterThan(193);
    expect(stats.workers).toEqual({ starts: 1, startFailures: 0, restarts: 0, exits: 0 });
  });

  it('give quantiles within 3 % over twelve orders of magnitude', () => {
    for (const value of [0.001, 0.02, 0.5, 1, 7, 99, 1_234, 86_400_000]) {
      const histogram = new Histogram();
      histogram.add(value);
      expect(Math.abs(histogram.quantileMs(0.5)! / value - 1)).toBeLessThan(0.035);
    }
    expect(new Histogram().quantileMs(0.5)).toBeUndefined();
    const histogram = new Histogram();
    for (const value of [0, -1, Infinity]) histogram.add(value);
    expect(histogram.total).toBe(3);
  });
});

describe('health', () => {
  const healthy = {
    state: 'open' as const,
    ready: 2,
    minReady: 1,
    size: 2,
    lazy: false,
    queued: 0,
    full: false,
    startTrouble: undefined,
    earlyDeaths: 0,
  };

  it.each([
    ['healthy', true, {}],
    ['healthy', true, { lazy: true, ready: 0 }],
    ['starting', false, { ready: 0 }],
    ['degraded', true, { ready: 1 }],
    ['degraded', false, { full: true, queued: 1_000 }],
    ['degraded', true, { ready: 1, startTrouble: 'out of memory' }],
    ['degraded', true, { earlyDeaths: 3 }],
    ['failing', false, { ready: 0, startTrouble: 'no such model' }],
    ['closed', false, { state: 'closing' as const }],
  ])('is %s (ready: %s) for %o', (status, ready, difference) => {
    const health = judgeHealth({ ...healthy, ...difference });
    expect(health).toMatchObject({ status, ready });
    expect(health.reasons.length > 0).toBe(status !== 'healthy');
  });

  it('is what a pool says of itself', async () => {
    const { pool, factory } = await fakePool({ mode: 'manual' });
    expect(pool.health()).toMatchObject({ status: 'starting', ready: false });
    factory.pending[0]!.succeed();
    await flush();
    expect(pool.health()).toEqual({ status: 'healthy', ready: true, reasons: [] });
  });
});
