import { AsyncLocalStorage } from 'node:async_hooks';
import { createError } from '@pypool/protocol';
import { expect, it } from 'vitest';

import type { Pool } from '../pool.js';
import { fakePool, rejection } from '../test-support/fake-pool.js';
import type { CallObserver, CallWatch } from './call-observer.js';

const TRACE = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const DIED = createError({ code: 'worker-exited', message: 'gone', outcome: 'not-started' });

/** Writes down all that it is told, as one list. */
function recorder(extra: Partial<CallWatch> = {}): { seen: unknown[]; observer: CallObserver } {
  const seen: unknown[] = [];
  const observer: CallObserver = {
    onSubmitted(call) {
      seen.push(['submitted', call.kind, call.name]);
      return {
        ...extra,
        onBegan: ({ attempt, waitMs, aheadMs }) => seen.push(['began', attempt, waitMs, aheadMs]),
        onTakenBack: () => seen.push(['taken back']),
        onRetried: ({ attempts, error }) => seen.push(['retried', attempts, error.code]),
        onItem: ({ bytes }) => seen.push(['item', bytes]),
        onSettled: ({ error, totalMs, executionMs }) =>
          seen.push(['settled', error?.code, totalMs, executionMs]),
      };
    },
  };
  return { seen, observer };
}

it('tells how long a call waited and ran, and how it ended', async () => {
  const { pool, factory, clock } = await fakePool();
  const { seen, observer } = recorder();
  pool.observe(observer);
  const first = pool.call('a');
  const second = rejection(pool.call('b'));
  await clock.advance(30);
  factory.workers[0]!.answer();
  await clock.advance(12);
  factory.workers[0]!.fail(createError({ code: 'python-error', message: 'ValueError', outcome: 'finished' }));
  await Promise.all([first, second]);
  expect(seen).toEqual([
    ['submitted', 'call', 'a'],
    ['began', 1, 0, 0],
    ['submitted', 'call', 'b'],
    ['settled', undefined, 30, 30],
    ['began', 1, 30, 0],
    ['settled', 'python-error', 42, 12],
  ]);
});

it('gives the facts of a call, and those of the worker that began with it', async () => {
  const { pool } = await fakePool();
  const facts: unknown[] = [];
  pool.observe({
    onSubmitted(call) {
      facts.push(call);
      return { onBegan: (begin) => facts.push(begin) };
    },
  });
  void pool.call('f', [], { meta: { session: { id: 'user-42' } }, attributes: { tenant: 'a' } });
  expect(facts).toMatchObject([
    {
      pool: 'pool',
      callId: 1,
      kind: 'call',
      name: 'f',
      session: { id: 'user-42' },
      attributes: { tenant: 'a' },
    },
    { workerId: 'pool-0.1', facts: { pid: 1001 } },
  ]);
});

it('tells of calls that were refused, and of those that nobody can make', async () => {
  const { pool } = await fakePool({ maxQueue: 0 });
  const { seen, observer } = recorder();
  void pool.call('runs');
  pool.observe(observer);
  await rejection(pool.call('f'));
  await rejection(pool.call('f', [], { timeoutMs: -1 }));
  await rejection(pool.call(5 as never));
  expect(seen).toEqual([
    ['submitted', 'call', 'f'],
    ['settled', 'queue-full', 0, undefined],
    ['submitted', 'call', 'f'],
    ['settled', 'invalid-options', 0, undefined],
    ['submitted', 'call', '5'],
    ['settled', 'invalid-arguments', 0, undefined],
  ]);
});

it('tells of each attempt, with what travels in all of them', async () => {
  const { pool, factory, clock } = await fakePool({ size: 2 });
  const { seen, observer } = recorder({ trace: TRACE });
  pool.observe(observer);
  const call = pool.call('f', [], { attributes: { a: 1 }, timeoutMs: Infinity });
  const worker = factory.workers.find(({ calls }) => calls.length > 0)!;
  const metas = [worker.calls[0]!.meta];
  await clock.advance(5);
  worker.fail(DIED);
  const other = factory.workers.find(({ calls }) => calls.length > 0)!;
  metas.push(other.calls[0]!.meta);
  await clock.advance(3);
  other.answer();
  await call;
  expect(metas).toEqual([
    { ...TRACE, attributes: { a: 1 } },
    { ...TRACE, attributes: { a: 1 } },
  ]);
  expect(seen).toEqual([
    ['submitted', 'call', 'f'],
    ['began', 1, 0, 0],
    ['retried', 1, 'worker-exited'],
    ['began', 2, 0, 0],
    ['settled', undefined, 8, 3],
  ]);
});

it('tells of a call that was sent ahead how long it was at the worker, and that it was taken back', async () => {
  const { pool, factory, clock } = await fakePool({ revokes: true, prefetch: { takeBackAfterMs: 10 } });
  const [worker] = factory.workers;
  // What is known of a function comes from calls of it that were served.
  worker!.respond = () => worker!.answer();
  await pool.call('f');
  worker!.respond = undefined;
  const { seen, observer } = recorder();
  const calls = [pool.call('f'), pool.call('f'), pool.call('f')];
  worker!.answer();
  pool.observe(observer);
  expect(pool.status().ahead).toBe(1);
  calls.push(pool.call('f'));
  worker!.answer();
  expect(pool.status().ahead).toBe(1);
  await clock.advance(10);
  worker!.giveBack();
  await clock.advance(4);
  worker!.answer();
  worker!.answer();
  await Promise.all(calls);
  expect(seen).toEqual([
    ['submitted', 'call', 'f'],
    ['taken back'],
    ['began', 1, 14, 0],
    ['settled', undefined, 14, 0],
  ]);
});

it('tells of the items of a stream, and of a consumer that left', async () => {
  const { pool, factory } = await fakePool();
  const { seen, observer } = recorder();
  const ends: unknown[] = [];
  pool.observe(observer);
  pool.observe({ onSubmitted: () => ({ onSettled: ({ left }) => ends.push(left) }) });
  const stream = pool.stream('s');
  const [call] = factory.workers[0]!.calls;
  call!.onItem(1, 40);
  call!.onItem(2);
  await stream.return();
  factory.workers[0]!.answer();
  expect(seen).toEqual([
    ['submitted', 'stream', 's'],
    ['began', 1, 0, 0],
    ['item', 40],
    ['item', 0],
    ['settled', undefined, 0, 0],
  ]);
  expect(ends).toEqual([true]);
});

it('runs in the context of whoever made the call', async () => {
  const { pool } = await fakePool();
  const context = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  pool.observe({
    onSubmitted() {
      seen.push(context.getStore());
      return undefined;
    },
  });
  context.run('a request', () => void pool.call('f'));
  expect(seen).toEqual(['a request']);
});

it('lets observers come and go: each is told once, and of calls that it saw being made', async () => {
  const { pool, factory } = await fakePool();
  const [one, two] = [recorder({ trace: TRACE }), recorder({ trace: { traceparent: 'not asked for' } })];
  const end = pool.observe(one.observer);
  pool.observe(one.observer);
  pool.observe(two.observer);
  void pool.call('f');
  end();
  end();
  expect(factory.workers[0]!.calls[0]!.meta).toMatchObject(TRACE);
  factory.workers[0]!.answer();
  void pool.call('g');
  expect(one.seen).toEqual(two.seen.slice(0, 3));
  expect(one.seen).toHaveLength(3);
  expect(two.seen.slice(3)).toEqual([
    ['submitted', 'call', 'g'],
    ['began', 1, 0, 0],
  ]);
});

it('disturbs no call by what it throws', async () => {
  const { pool, factory } = await fakePool();
  const { seen, observer } = recorder();
  const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
  pool.observe({
    onSubmitted: () => ({
      onSettled() {
        throw new Error('mine');
      },
    }),
  });
  pool.observe(observer);
  const call = pool.call('f');
  factory.workers[0]!.answer('result');
  expect(await call).toBe('result');
  expect(await thrown).toMatchObject({ message: 'mine' });
  expect(seen.at(-1)).toEqual(['settled', undefined, 0, 0]);
});

it.each([undefined, {}, () => undefined])('refuses %s', async (wrong) => {
  const { pool } = await fakePool();
  expect(() => pool.observe(wrong as unknown as Parameters<Pool['observe']>[0])).toThrow(
    'needs an observer: an object with onSubmitted()',
  );
});
