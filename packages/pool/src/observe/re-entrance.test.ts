import { describe, expect, it } from 'vitest';

import { leastBusy } from '../strategies/least-busy.js';
import type { SelectionStrategy } from '../strategies/selection.js';
import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection, standings } from '../test-support/fake-pool.js';

/** Every call waits for the first worker. */
const first: SelectionStrategy = { name: 'first', select: (_call, workers) => workers[0] ?? null };

describe('a listener that closes the pool', () => {
  it('leaves no call waiting that waited for the worker it hears of', async () => {
    const { pool, factory } = await fakePool({ selection: first });
    const calls = ['a', 'b', 'c'].map((name) => pool.call(name));
    expect(pool.status().workers).toMatchObject([{ bound: 2 }]);
    let closed: Promise<void> | undefined;
    pool.on('worker-retiring', () => {
      closed ??= pool.close({ force: true });
    });
    factory.workers[0]!.die();
    expect(await standings([...calls, closed!])).toEqual([...Array(3).fill('pool-closed'), undefined]);
    expect(pool.status()).toMatchObject({ queued: 0, running: 0 });
  });

  it('leaves none waiting that is on its way to another worker at that moment', async () => {
    let closed: Promise<void> | undefined;
    const fake = await fakePool({
      size: 2,
      selection: {
        name: 'gone',
        select(call, workers) {
          // Placed anew, since its worker is gone.
          if (factory.workers[0]!.dying && call.name === 'c') closed ??= pool.close({ force: true });
          return workers.length === 2 ? workers[0]! : null;
        },
      },
    });
    const { pool, factory } = fake;
    const calls = ['a', 'b', 'c', 'd'].map((name) => pool.call(name));
    factory.workers[0]!.die();
    await flush();
    const how = await standings([...calls, closed!]);
    expect(how).toEqual([...Array(4).fill('pool-closed'), undefined]);
  });

  it('may force what goes on gracefully, of whatever worker it hears', async () => {
    const { pool, factory } = await fakePool({ size: 3 });
    pool.on('worker-retiring', () => void pool.close({ force: true }));
    await pool.close();
    expect(factory.alive).toEqual([]);
  });
});

it('lets a listener shrink the pool further while workers leave that have rested', async () => {
  const { pool, factory, clock } = await fakePool({ size: 2, overflow: 2, idleTimeoutMs: 100 });
  const calls = [1, 2, 3, 4].map((n) => pool.call('f', [n]));
  await flush();
  for (const worker of factory.workers) worker.answer();
  await Promise.all(calls);
  pool.on('worker-retiring', () => pool.resize(0));
  await clock.advance(100);
  await clock.advance(100);
  expect(factory.alive).toEqual([]);
});

describe('a call that is ended by what is asked or told while it is given to a worker', () => {
  it('is ended there, where its strategy aborts it', async () => {
    const abort = new AbortController();
    const selection: SelectionStrategy = {
      name: 'aborting',
      select(call, workers) {
        abort.abort('enough');
        return leastBusy().select(call, workers);
      },
    };
    const { pool, factory } = await fakePool({ selection });
    const call = rejection(pool.call('f', [], { signal: abort.signal }));
    const [worker] = factory.workers;
    expect(worker!.cancelled).toMatchObject([{ error: { code: 'aborted', cause: 'enough' } }]);
    worker!.fail(worker!.cancelled[0]!.error);
    expect(await call).toMatchObject({ code: 'aborted' });
  });

  it('is ended there, where its observer aborts it', async () => {
    const abort = new AbortController();
    const { pool, factory } = await fakePool();
    pool.observe({ onSubmitted: () => ({ onBegan: () => abort.abort() }) });
    void pool.call('f', [], { signal: abort.signal }).catch(() => {});
    expect(factory.workers[0]!.cancelled).toMatchObject([{ error: { code: 'aborted', outcome: 'unknown' } }]);
  });

  it('is ended there, where its worker does not have it yet', async () => {
    const abort = new AbortController();
    // Each call is the last of its worker, which is told before it has it.
    const { pool, factory } = await fakePool({ maxCalls: 1 });
    const before = pool.call('before');
    void pool.call('f', [], { signal: abort.signal }).catch(() => {});
    const stream = pool.stream('g');
    pool.on('worker-retiring', ({ workerId }) => {
      if (workerId === 'pool-0.2') abort.abort();
      else void stream.return();
    });
    factory.workers[0]!.answer();
    await before;
    await flush();
    const [, second] = factory.workers;
    expect(second!.cancelled).toMatchObject([{ call: second!.calls[0], error: { code: 'aborted' } }]);
    second!.fail(second!.cancelled[0]!.error);
    await flush();
    const third = factory.workers[2]!;
    expect(third.left).toEqual(third.calls);
    expect(third.left).toHaveLength(1);
  });

  it('is not given to another, where its observer aborts it as it comes back', async () => {
    const abort = new AbortController();
    const { pool, factory, clock } = await fakePool({ revokes: true });
    const [worker] = factory.workers;
    const learnt = pool.call('quick');
    worker!.answer();
    await learnt;
    pool.observe({ onSubmitted: () => ({ onTakenBack: () => abort.abort() }) });
    const running = pool.call('quick');
    const ahead = pool.call('quick', [], { signal: abort.signal });
    await clock.advance(50);
    worker!.giveBack();
    expect(await standings([running, ahead])).toEqual(['pending', 'aborted']);
    expect(pool.status()).toMatchObject({ running: 1, queued: 0 });
  });
});

it('tells an observer nothing after the end of a call, where another one ends it first', async () => {
  const abort = new AbortController();
  const { pool, factory } = await fakePool();
  const told: string[] = [];
  pool.observe({ onSubmitted: () => ({ onRetried: () => abort.abort() }) });
  pool.observe({
    onSubmitted: () => ({ onRetried: () => told.push('retried'), onSettled: () => told.push('settled') }),
  });
  const call = rejection(pool.call('f', [], { signal: abort.signal, idempotent: true }));
  factory.workers[0]!.die();
  await call;
  expect(told).toEqual(['settled']);
});

it('settles each call once that is refused, where the end of one aborts the others', async () => {
  const abort = new AbortController();
  const { pool } = await fakePool({ mode: 'manual' });
  const ended: (string | undefined)[] = [];
  pool.observe({
    onSubmitted: () => ({
      onSettled({ error }) {
        ended.push(error?.code);
        abort.abort();
      },
    }),
  });
  const calls = [1, 2, 3].map((n) => rejection(pool.call('f', [n], { signal: abort.signal })));
  await pool.close({ force: true });
  await Promise.all(calls);
  expect(ended).toEqual(['pool-closed', 'aborted', 'aborted']);
  expect(pool.stats().calls).toMatchObject({ submitted: 3, failed: 3 });
});
