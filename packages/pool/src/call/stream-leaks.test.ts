import { describe, expect, it } from 'vitest';

import type { PoolEvents } from '../observe/events.js';
import type { Pool } from '../pool.js';
import { flush } from '../test-support/fake-clock.js';
import { fakePool } from '../test-support/fake-pool.js';

type Leak = PoolEvents['leak'];

function leaksOf(pool: Pool): { leaks: Leak[]; ended: PoolEvents['leak-ended'][] } {
  const [leaks, ended]: [Leak[], PoolEvents['leak-ended'][]] = [[], []];
  pool.on('leak', (event) => leaks.push(event));
  pool.on('leak-ended', (event) => ended.push(event));
  return { leaks, ended };
}

describe('a stream that nobody reads', () => {
  it('is told once, with who opened it, and told again when it ends', async () => {
    const { pool, factory, clock } = await fakePool({ leakAfterMs: 1_000 });
    const { leaks, ended } = leaksOf(pool);
    function forgetful() {
      return pool.stream('count', [3]);
    }
    const stream = forgetful();
    await clock.advance(999);
    expect(leaks).toEqual([]);
    await clock.advance(10_000);
    expect(leaks).toEqual([
      {
        kind: 'stream',
        pool: 'pool',
        callId: 1,
        function: 'count',
        sessionId: undefined,
        openedAt: clock.epochMs() - 10_999,
        openMs: 1_000,
        unreadMs: 1_000,
        why: 'unread',
        stack: expect.stringMatching(/^ {4}at forgetful \(/) as string,
      },
    ]);
    expect(ended).toEqual([]);
    factory.workers[0]!.answer();
    expect(ended).toMatchObject([{ function: 'count', openMs: 10_999, stack: leaks[0]!.stack }]);
    expect(await stream.next()).toMatchObject({ done: true });
  });

  it('is none while it is read, however slowly, or waited for', async () => {
    const { pool, factory, clock } = await fakePool({ leakAfterMs: 1_000 });
    const { leaks } = leaksOf(pool);
    const stream = pool.stream<number>('count');
    const call = factory.workers[0]!.calls[0]!;
    for (let item = 0; item < 5; item += 1) {
      call.onItem(item);
      await clock.advance(900);
      await stream.next();
    }
    const next = stream.next();
    await clock.advance(100_000);
    expect(leaks).toEqual([]);
    call.onItem(5);
    await next;
    await clock.advance(1_500);
    expect(leaks).toHaveLength(1);
  });

  it('is none while somebody waits for its end and it has room', async () => {
    const { pool, factory, clock } = await fakePool({ leakAfterMs: 1_000 });
    const { leaks } = leaksOf(pool);
    const stream = pool.stream('count');
    void stream.finished;
    const call = factory.workers[0]!.calls[0]!;
    for (let item = 0; item < call.credit - 1; item += 1) call.onItem(item);
    await clock.advance(100_000);
    expect(leaks).toEqual([]);
    call.onItem('the last that it has room for');
    await clock.advance(2_000);
    expect(leaks).toMatchObject([{ why: 'unread' }]);
  });

  it('is told where it waits for a worker, too', async () => {
    const { pool, clock } = await fakePool({ leakAfterMs: 1_000, checkoutTimeoutMs: Infinity });
    const { leaks } = leaksOf(pool);
    void pool.call('running');
    pool.stream('waiting');
    await clock.advance(1_500);
    expect(leaks).toMatchObject([{ function: 'waiting' }]);
  });

  it.each([0, Infinity])('is not looked for where leakAfterMs is %s', async (leakAfterMs) => {
    const { pool, clock } = await fakePool({ leakAfterMs });
    const { leaks } = leaksOf(pool);
    pool.stream('count');
    await clock.advance(10_000_000);
    expect(leaks).toEqual([]);
  });

  it('costs no timer where nobody listens, and leaves none when it has ended', async () => {
    const { pool, factory, clock } = await fakePool({ leakAfterMs: 1_000 });
    const before = clock.timers;
    pool.stream('unwatched');
    expect(clock.timers).toBe(before);
    factory.workers[0]!.answer();
    leaksOf(pool);
    const watched = pool.stream('watched');
    expect(clock.timers).toBe(before + 1);
    await watched.return();
    factory.workers[0]!.answer();
    await flush();
    expect(clock.timers).toBe(before);
  });
});
