import { describe, expect, it, vi } from 'vitest';

import { Deadlines } from './call/deadlines.js';
import { PendingValue } from './call/pending-value.js';
import { defaultTerms } from './call/call-terms.js';
import { priority } from './strategies/priority.js';
import { FakeClock } from './test-support/fake-clock.js';
import { fakePool, standings } from './test-support/fake-pool.js';

const MANY = 100_000;
/** Of a pool whose first worker has been ready all along. */
const budgets = { at: 0, startTimeoutMs: 1 };

describe('100 000 queued calls', () => {
  it('S23 all settle, whichever of them are aborted, and one timer watches them all', async () => {
    const { pool, factory, clock } = await fakePool({ maxQueue: Infinity });
    const aborts = new Map<number, AbortController>();
    const before = clock.armed;
    const calls = Array.from({ length: MANY }, (_, n) => {
      if (n % 1_000 !== 999) return pool.call('call');
      const abort = new AbortController();
      aborts.set(n, abort);
      return pool.call('call', [], { signal: abort.signal });
    });
    expect(clock.armed - before).toBe(2);
    for (const abort of aborts.values()) abort.abort();
    expect(pool.status().queued).toBe(MANY - 1 - aborts.size);
    const [worker] = factory.workers;
    worker!.respond = () => worker!.answer();
    worker!.answer();
    const results = await Promise.allSettled(calls);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(aborts.size);
    expect(worker!.given).toBe(MANY - aborts.size);
  });

  it('asks the strategy once for each call that is submitted and once for each that is taken', async () => {
    let asked = 0;
    const { pool, factory } = await fakePool({
      maxQueue: Infinity,
      selection: {
        name: 'counting',
        select: (_call, workers) => {
          asked += 1;
          return workers.find(({ inFlight }) => inFlight === 0) ?? null;
        },
      },
    });
    const calls = Array.from({ length: 1_000 }, () => pool.call('call'));
    const [worker] = factory.workers;
    worker!.respond = () => worker!.answer();
    worker!.answer();
    await Promise.all(calls);
    expect(asked).toBe(1 + 2 * 999);
  });

  it('keeps the priority queue small when calls of many priorities are aborted', () => {
    const queue = priority().create();
    const call = (level: number) => {
      const terms = {
        ...defaultTerms(budgets, {
          timeoutMs: 1,
          executionTimeoutMs: 1,
          checkoutTimeoutMs: 1,
          itemTimeoutMs: 1,
        }),
      };
      return new PendingValue(level, 'call', [], { ...terms, priority: level }, 0);
    };
    const calls = Array.from({ length: 10_000 }, (_, n) => call(n));
    for (const one of calls) queue.add(one);
    for (const one of calls.slice(1)) queue.remove(one);
    expect(queue.size).toBe(1);
    expect(queue.take()).toBe(calls[0]);
    expect(queue.take()).toBeUndefined();
  });
});

describe('the deadlines', () => {
  const terms = defaultTerms(budgets, {
    timeoutMs: 60_000,
    executionTimeoutMs: 1,
    checkoutTimeoutMs: 10_000,
    itemTimeoutMs: 1,
  });

  it('hold at most twice the open calls, however many have come and gone', () => {
    const clock = new FakeClock();
    const deadlines = new Deadlines(clock, () => {});
    const open: PendingValue[] = [];
    let most = 0;
    for (let n = 0; n < MANY; n += 1) {
      const call = new PendingValue(n, 'call', [], terms, n);
      deadlines.add(call, 0);
      open.push(call);
      if (open.length > 100) {
        const done = open.shift()!;
        done.state = 'settled';
        deadlines.settled(done);
      }
      most = Math.max(most, deadlines.size);
    }
    expect(most).toBeLessThanOrEqual(2 * 101 + 64);
    expect(clock.armed).toBe(1);
  });

  it('hear of every call that settles, so that none is kept', async () => {
    const settled = vi.spyOn(Deadlines.prototype, 'settled');
    const { pool, factory } = await fakePool();
    const calls = Array.from({ length: 100 }, () => pool.call('call'));
    factory.workers[0]!.respond = () => factory.workers[0]!.answer();
    factory.workers[0]!.answer();
    await Promise.all(calls);
    expect(settled).toHaveBeenCalledTimes(100);
    settled.mockRestore();
  });

  it('judge in the order of time, whatever order calls came in', async () => {
    const clock = new FakeClock();
    const judged: number[] = [];
    const deadlines = new Deadlines(clock, (call) => {
      judged.push(call.id);
      call.state = 'settled';
      deadlines.settled(call);
    });
    const start = clock.now();
    const waits = [50, 10, 30, 20, 40, 25, 5, 45];
    for (const wait of waits) {
      const call = new PendingValue(wait, 'call', [], { ...terms, checkoutTimeoutMs: wait }, start);
      deadlines.add(call, start);
    }
    await clock.advance(100);
    expect(judged).toEqual([...waits].sort((a, b) => a - b));
    expect(deadlines.size).toBe(0);
    expect(clock.timers).toBe(0);
  });
});

it('rejects no call twice and loses none when a thousand run out of time together', async () => {
  const { pool, factory, clock } = await fakePool({ checkoutTimeoutMs: 100 });
  const calls = Array.from({ length: 1_000 }, () => pool.call('call'));
  await clock.advance(100);
  factory.workers[0]!.answer('ran');
  expect(await standings(calls)).toEqual(['ran', ...Array(999).fill('checkout-timeout')]);
  expect(pool.stats().calls).toMatchObject({ submitted: 1_000, succeeded: 1, failed: 999 });
});
