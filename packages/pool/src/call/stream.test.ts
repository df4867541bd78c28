import { describe, expect, it } from 'vitest';

import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection, standings } from '../test-support/fake-pool.js';
import { died } from '../test-support/fake-worker.js';

describe('stream', () => {
  it('begins when it is called, delivers its items in order, and ends', async () => {
    const { pool, factory } = await fakePool();
    const stream = pool.stream<number>('count', [3]);
    const [worker] = factory.workers;
    const call = worker!.calls[0]!;
    expect(call).toMatchObject({ kind: 'stream', name: 'count' });
    expect(call.credit).toBeGreaterThan(0);
    await stream.started;
    for (const item of [0, 1, 2]) call.onItem(item);
    worker!.answer();
    const items: number[] = [];
    for await (const item of stream) items.push(item);
    expect(items).toEqual([0, 1, 2]);
  });

  it('S56 waits in the queue like a call', async () => {
    const { pool, factory } = await fakePool();
    void pool.call('running');
    const stream = pool.stream('stream');
    expect(pool.status().queued).toBe(1);
    expect(await standings([stream.started])).toEqual(['pending']);
    factory.workers[0]!.answer();
    expect(await standings([stream.started])).toEqual([undefined]);
  });

  it('S33 tells the worker once that its consumer left, and frees the place when the worker answers', async () => {
    const { pool, factory } = await fakePool();
    const [worker] = factory.workers;
    const consumed = (async () => {
      for await (const item of pool.stream('endless')) if (item === 2) break;
    })();
    const call = worker!.calls[0]!;
    for (const item of [0, 1, 2, 3]) call.onItem(item);
    await consumed;
    void pool.call('next');
    expect(worker!.left).toEqual([call]);
    expect(worker!.calls).toEqual([call]);
    worker!.answer();
    expect(worker!.calls[0]!.name).toBe('next');
  });

  it('leaves the queue when its consumer leaves before it began', async () => {
    const { pool, factory } = await fakePool();
    void pool.call('running');
    const stream = pool.stream('stream');
    await stream.return();
    expect(pool.status().queued).toBe(0);
    expect(await rejection(stream.started)).toMatchObject({ code: 'aborted', outcome: 'not-started' });
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    factory.workers[0]!.answer();
    expect(factory.workers[0]!.given).toBe(1);
  });

  it('grants items as they are taken, and more where its consumer took all there were', async () => {
    const { pool, factory } = await fakePool();
    const stream = pool.stream('stream');
    const [worker] = factory.workers;
    const { credit } = worker!.calls[0]!;
    for (let n = 0; n < credit; n += 1) worker!.calls[0]!.onItem(n);
    for (let n = 0; n < credit; n += 1) await stream.next();
    expect(worker!.granted.reduce((sum, items) => sum + items, 0)).toBe(2 * credit);
  });

  it('has no total limit unless given, and keeps that of its items', async () => {
    const { pool, factory, clock } = await fakePool({ itemTimeoutMs: 2_000 });
    const stream = pool.stream('stream');
    const [worker] = factory.workers;
    expect(worker!.calls[0]).toMatchObject({
      executionTimeoutMs: Infinity,
      itemTimeoutMs: 2_000,
      meta: undefined,
    });
    await clock.advance(1_000_000);
    expect(worker!.cancelled).toEqual([]);
    worker!.answer();
    expect(await stream.next()).toMatchObject({ done: true });
    const limited = pool.stream('limited', [], { timeoutMs: 100 });
    await clock.advance(100);
    worker!.fail(worker!.cancelled[0]!.error);
    expect(await rejection(limited.next())).toMatchObject({ code: 'deadline-exceeded' });
  });

  it('delivers the items that came before an error, and then the error', async () => {
    const { pool, factory } = await fakePool();
    const stream = pool.stream('stream', [], { idempotent: true });
    factory.workers[0]!.calls[0]!.onItem('first');
    factory.workers[0]!.die();
    expect(await stream.next()).toEqual({ value: 'first', done: false });
    expect(await rejection(stream.next())).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    await stream.started;
  });

  it('is tried again where it provably never ran', async () => {
    const { pool, factory } = await fakePool();
    const stream = pool.stream('stream');
    factory.workers[0]!.fail(died('not-started'));
    await flush();
    factory.alive[0]!.calls[0]!.onItem('served');
    expect(await stream.next()).toEqual({ value: 'served', done: false });
    await stream.return();
  });

  it('rejects what is wrong where its items are, with no unhandled rejection', async () => {
    const { pool } = await fakePool();
    const stream = pool.stream('stream', [], { signal: AbortSignal.abort() });
    expect(await rejection(stream.started)).toMatchObject({ code: 'aborted' });
    expect(await rejection(stream.next())).toMatchObject({ code: 'aborted' });
  });
});
