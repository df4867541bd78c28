import { createError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';

import { fifo } from '../strategies/fifo.js';
import { lifo } from '../strategies/lifo.js';
import { leastBusy } from '../strategies/least-busy.js';
import { priority } from '../strategies/priority.js';
import { flush } from '../test-support/fake-clock.js';
import {
  type FakePool,
  fakePool,
  type FakePoolOptions,
  rejection,
  standings,
} from '../test-support/fake-pool.js';

/** A pool whose function `quick` takes next to no time, as it knows by now. */
async function quickPool(options: FakePoolOptions = {}): Promise<FakePool> {
  const made = await fakePool({ revokes: true, ...options });
  await learn(made, 'quick', 0);
  return made;
}

/** Let every worker serve one call that takes so long. */
async function learn({ pool, factory, clock }: FakePool, name: string, ms: number): Promise<void> {
  const calls = factory.workers.map(() => pool.call(name));
  await clock.advance(ms);
  for (const worker of factory.workers) worker.answer();
  await Promise.all(calls);
}

function make({ pool }: FakePool, count: number, name = 'quick'): Promise<unknown>[] {
  const calls = Array.from({ length: count }, (_, n) => pool.call(name, [n]));
  for (const call of calls) call.catch(() => undefined);
  return calls;
}

/** The arguments of the calls that each worker has, in their order. */
function given({ factory }: FakePool): number[][] {
  return factory.alive.map(({ calls }) => calls.map(({ args }) => (args as number[])[0]!));
}

const WAITED =
  'Call "quick" was admitted by pool "pool" and never started: it waited for a worker when close() was forced.';
const DIED = createError({ code: 'execution-timeout', message: 'Too long.', outcome: 'unknown' });

describe('sending calls ahead', () => {
  it('begins with the answer of a call whose function is known to be quick, in the order of the queue', async () => {
    const made = await quickPool();
    void make(made, 5);
    expect(given(made)).toEqual([[0, 1, 2, 3, 4]]);
    expect(made.pool.status()).toMatchObject({ running: 1, queued: 4, ahead: 4, places: 1 });
    expect(made.pool.status().workers).toMatchObject([{ running: [{ name: 'quick' }], ahead: 4 }]);
    made.factory.workers[0]!.answer();
    expect(made.pool.status()).toMatchObject({ running: 1, queued: 3, ahead: 3 });
  });

  it('is nothing for a function that nobody has called before, nor behind one', async () => {
    const made = await quickPool();
    void make(made, 1);
    void make(made, 2, 'unknown');
    void make(made, 1);
    expect(given(made)).toEqual([[0]]);
    made.factory.workers[0]!.answer();
    expect(given(made)).toEqual([[0]]);
    expect(made.pool.status()).toMatchObject({ running: 1, queued: 2, ahead: 0 });
  });

  it('keeps about a millisecond of work at a worker, whatever its calls take', async () => {
    for (const [ms, most] of [
      [0.01, 65],
      [0.3, 3],
      [0.6, 1],
      [5, 1],
    ] as const) {
      const made = await fakePool({ revokes: true });
      await learn(made, 'f', ms);
      void make(made, 100, 'f');
      expect(given(made)[0], `calls of ${ms} ms`).toHaveLength(most);
    }
  });

  it('is bounded in calls and in bytes', async () => {
    const few = await quickPool({ prefetch: { maxCalls: 2 } });
    void make(few, 5);
    expect(given(few)).toEqual([[0, 1, 2]]);
    const light = await quickPool({ prefetch: { maxBytes: 2_000 } });
    for (const bytes of [1, 900, 900, 900]) void light.pool.call('quick', ['x'.repeat(bytes)]);
    expect(light.pool.status()).toMatchObject({ running: 1, ahead: 2, queued: 3 });
  });

  it('brings the successor of a worker that is sent its last call ahead at once', async () => {
    const made = await quickPool({ maxCalls: 4, prefetch: { takeBackAfterMs: 60_000 } });
    // The one that it has learned from has been its first.
    void make(made, 1);
    await flush();
    void make(made, 2);
    expect(given(made)).toEqual([[0, 0, 1]]);
    expect(made.factory.started).toHaveLength(2);
  });

  it('brings more workers where there may be more, as anything that waits', async () => {
    const made = await quickPool({ overflow: 1, idleTimeoutMs: Infinity });
    void make(made, 2);
    expect(given(made)).toEqual([[0, 1]]);
    expect(made.factory.started).toHaveLength(2);
    await flush();
    void make(made, 1);
    expect(given(made)).toEqual([[0, 1], [0]]);
    expect(made.factory.started).toHaveLength(2);
  });

  it('gives each worker its share, and none to one that has a place free', async () => {
    const made = await quickPool({ size: 3 });
    void make(made, 2);
    // The last to serve is the first to get another.
    expect(given(made)).toEqual([[1], [], [0]]);
    void make(made, 16);
    const lengths = given(made).map(({ length }) => length);
    expect(lengths.reduce((sum, length) => sum + length)).toBe(18);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(7);
  });

  it('is off where it matters who goes first, and where, and where a worker gives nothing back', async () => {
    const sticky = { ...leastBusy(), sendsAhead: false };
    const options: FakePoolOptions[] = [
      { prefetch: false },
      { queue: lifo() },
      { queue: priority() },
      { queue: { ...fifo(), sendsAhead: false } },
      { selection: sticky },
      { revokes: false },
    ];
    for (const option of options) {
      const made = await quickPool(option);
      void make(made, 3);
      expect(given(made)).toHaveLength(1);
      expect(given(made)[0]).toHaveLength(1);
      expect(made.pool.stats().prefetch.sentAhead).toBe(0);
    }
  });

  it('goes by priorities where the discipline allows it, and keeps what comes later behind what a worker has', async () => {
    const made = await quickPool({ queue: priority({ sendsAhead: true }), prefetch: { maxCalls: 2 } });
    const { pool, factory, clock } = made;
    const [worker] = factory.workers;
    const call = (n: number, urgency: number) => void pool.call('quick', [n], { priority: urgency });
    // Nothing was answered by its worker since: nothing is ahead of what waits now.
    call(0, 0);
    worker!.answer();
    await flush();
    void pool.call('unknown', [1]);
    for (const [n, urgency] of [0, 5, 0, 5].entries()) call(n + 2, urgency);
    expect(given(made)).toEqual([[1]]);
    worker!.answer();
    expect(given(made)).toEqual([[3, 5, 2]]);
    call(6, 9);
    expect(given(made)).toEqual([[3, 5, 2]]);
    await clock.advance(20);
    worker!.giveBack();
    const seen: number[] = [];
    while (worker!.calls.length > 0) {
      seen.push((worker!.calls[0]!.args as number[])[0]!);
      worker!.answer();
    }
    expect(seen).toEqual([3, 6, 5, 2, 4]);
  });

  it('stops at a stream and at a function with a limit, which find a place in their turn', async () => {
    const limited = { idempotent: false, executionTimeoutMs: undefined, concurrency: 1 };
    const made = await quickPool({ facts: [['limited', limited]] });
    const { pool, factory } = made;
    void make(made, 2);
    void pool.call('limited', [2]);
    void make(made, 2);
    expect(given(made)).toEqual([[0, 1]]);
    factory.workers[0]!.answer();
    factory.workers[0]!.answer();
    expect(given(made)).toEqual([[2]]);
    factory.workers[0]!.answer();
    expect(given(made)).toEqual([[0, 1]]);
    pool.stream('quick', [9]);
    void make(made, 1);
    expect(pool.status()).toMatchObject({ ahead: 1, queued: 3 });
  });

  it('says of a call that was sent ahead what it waits for, and counts it as waiting', async () => {
    const made = await quickPool({ maxQueue: 2 });
    const calls = make(made, 4);
    expect(await standings(calls)).toEqual(['pending', 'pending', 'pending', 'queue-full']);
    const { waiting, workers } = made.pool.status();
    expect(waiting).toMatchObject([
      {
        attempts: 0,
        ahead: 0,
        waitsFor: { kind: 'sent-ahead', workerId: workers[0]!.id, running: 1 },
        why: `sent ahead to worker ${workers[0]!.id}, behind the 1 that it runs`,
      },
      { ahead: 1 },
    ]);
  });
});

describe('a call that is to end before its time', () => {
  it('has nothing sent ahead behind it, until its worker has answered', async () => {
    const made = await quickPool();
    const [worker] = made.factory.workers;
    const abort = new AbortController();
    const first = made.pool.call('quick', [0], { signal: abort.signal });
    first.catch(() => undefined);
    abort.abort();
    void make(made, 3);
    expect(given(made)).toEqual([[0]]);
    worker!.fail(worker!.cancelled[0]!.error);
    expect(given(made)).toEqual([[0, 1, 2]]);
  });
});

describe('a call whose answer is still being told', () => {
  it('keeps its place, although the next has begun', async () => {
    const made = await quickPool();
    void make(made, 3);
    const [worker] = made.factory.workers;
    worker!.calls[1]!.onStart();
    const status = made.pool.status();
    expect(status).toMatchObject({ running: 1, queued: 2, ahead: 2, workers: [{ running: [{}], ahead: 2 }] });
    expect(status.waiting).toHaveLength(2);
  });
});

describe('taking calls back', () => {
  it('S24 asks for them when the call before them goes on, and gives them to others from where they stood', async () => {
    const made = await quickPool({ size: 2 });
    const { pool, factory, clock } = made;
    const calls = make(made, 6);
    const [other, slow] = factory.workers;
    expect(given(made)).toEqual([
      [1, 2, 4],
      [0, 3, 5],
    ]);
    await clock.advance(9);
    expect(slow!.asked.size).toBe(0);
    while (other!.calls.length > 0) other!.answer('other');
    await clock.advance(2);
    expect([...slow!.asked].map(({ args }) => args)).toEqual([[3], [5]]);
    void pool.call('quick', [6]);
    slow!.giveBack();
    expect(given(made)).toEqual([[6, 3], [0]]);
    other!.answer('other');
    expect(given(made)).toEqual([[3, 5], [0]]);
    while (other!.calls.length > 0) other!.answer('other');
    expect(await standings(calls)).toEqual(['pending', ...Array<string>(5).fill('other')]);
    expect(pool.stats()).toMatchObject({ prefetch: { sentAhead: 6, takenBack: 2 }, calls: { retried: 0 } });
  });

  it('keeps their order where there is nobody else', async () => {
    const made = await quickPool();
    const [worker] = made.factory.workers;
    void make(made, 4);
    await made.clock.advance(20);
    await learnNothing(made);
    worker!.giveBack();
    expect(made.pool.status()).toMatchObject({ running: 1, queued: 3 + 1, ahead: 0 });
    const seen: number[] = [];
    while (worker!.calls.length > 0) {
      seen.push((worker!.calls[0]!.args as number[])[0]!);
      worker!.answer();
    }
    expect(seen).toEqual([0, 1, 2, 3, 7]);
  });

  it('asks for what waits for long although those before it are answered one by one', async () => {
    const made = await quickPool();
    const [worker] = made.factory.workers;
    void make(made, 6);
    for (let answered = 0; answered < 2; answered += 1) {
      await made.clock.advance(4);
      worker!.answer();
    }
    expect(worker!.asked.size).toBe(0);
    await made.clock.advance(2);
    expect([...worker!.asked].map(({ args }) => args)).toEqual([[3], [4], [5]]);
    expect(made.pool.status()).toMatchObject({ running: 1, ahead: 3 });
  });

  it('asks before it ends the call that others wait behind, whose end may take its time', async () => {
    const made = await quickPool();
    const [worker] = made.factory.workers;
    const abort = new AbortController();
    const first = made.pool.call('quick', [], { signal: abort.signal });
    first.catch(() => undefined);
    void make(made, 2);
    let asked = -1;
    worker!.cancel = () => (asked = worker!.asked.size);
    abort.abort();
    expect(asked).toBe(2);
  });

  it('asks nobody who has answered meanwhile, and each for a call once, by one timer', async () => {
    const made = await quickPool({ size: 2 });
    const { factory, clock } = made;
    void make(made, 8);
    expect(clock.timers).toBeGreaterThan(0);
    const before = clock.timers;
    await clock.advance(6);
    while (factory.workers[0]!.calls.length > 0) factory.workers[0]!.answer();
    void make(made, 3);
    expect(factory.workers[0]!.calls.length).toBeGreaterThan(1);
    await clock.advance(6);
    expect(factory.workers.map(({ asked }) => asked.size)).toEqual([0, 3]);
    const asked = [...factory.workers[1]!.asked];
    await clock.advance(100);
    expect([...factory.workers[1]!.asked]).toEqual(asked);
    expect(clock.timers).toBeLessThanOrEqual(before);
  });

  it('is for nothing where the event loop stood still and the answers are there', async () => {
    const made = await quickPool();
    const { factory, clock } = made;
    void make(made, 3);
    clock.arrive(() => {
      while (factory.workers[0]!.calls.length > 0) factory.workers[0]!.answer();
    });
    await clock.stall(500);
    expect(made.pool.stats()).toMatchObject({ calls: { succeeded: 4 }, prefetch: { takenBack: 0 } });
  });

  it('leaves what a worker keeps where it is, until it is answered', async () => {
    const made = await quickPool();
    const calls = make(made, 3);
    const [worker] = made.factory.workers;
    await made.clock.advance(20);
    worker!.giveBack([]);
    worker!.answer('a');
    worker!.answer('b');
    worker!.answer('c');
    expect(await Promise.all(calls)).toEqual(['a', 'b', 'c']);
  });

  it('takes back one that seemed to have begun, and watches its wait again', async () => {
    const made = await quickPool({ checkoutTimeoutMs: 1_000 });
    const [worker] = made.factory.workers;
    const calls = make(made, 2);
    await made.clock.advance(20);
    const [asked] = worker!.asked;
    worker!.answer('first');
    worker!.asked.add(asked!);
    expect(made.pool.status()).toMatchObject({ running: 1, queued: 0, ahead: 0 });
    await made.clock.advance(2_000);
    expect(await standings(calls)).toEqual(['first', 'pending']);
    const blocker = made.pool.call('blocker');
    blocker.catch(() => undefined);
    worker!.giveBack();
    await made.clock.advance(100);
    // It goes first, and runs: a wait that is over counts for one that waits.
    expect(given(made)[0]).toEqual([1]);
  });
});

describe('a call that was sent ahead', () => {
  it('S17 S25 is ended where it is, and never runs, when its wait is over or its caller has gone', async () => {
    const made = await quickPool({ checkoutTimeoutMs: 200, prefetch: { takeBackAfterMs: Infinity } });
    const { pool, factory, clock } = made;
    const abort = new AbortController();
    void make(made, 1);
    const late = rejection(pool.call('quick', [1]));
    const left = rejection(pool.call('quick', [2], { signal: abort.signal, checkoutTimeoutMs: 5_000 }));
    const [worker] = factory.workers;
    abort.abort(new Error('gone'));
    await clock.advance(201);
    expect(worker!.cancelled.map(({ call, error }) => [call.args, error.code])).toEqual([
      [[2], 'aborted'],
      [[1], 'checkout-timeout'],
    ]);
    for (const { call, error } of worker!.cancelled) worker!.fail(error, call);
    expect(await late).toMatchObject({ code: 'checkout-timeout', outcome: 'not-started' });
    expect(await left).toMatchObject({ code: 'aborted' });
    expect(pool.status()).toMatchObject({ running: 1, queued: 0, ahead: 0 });
  });

  it('is no sign of life of its worker when it is ended there, and brings no other behind what is stuck', async () => {
    const made = await quickPool({ prefetch: { takeBackAfterMs: Infinity } });
    const { pool, factory, clock } = made;
    const [worker] = factory.workers;
    void make(made, 1);
    const late = rejection(pool.call('quick', [1], { timeoutMs: 5 }));
    expect(given(made)).toEqual([[0, 1]]);
    await clock.advance(6);
    for (const { call, error } of worker!.cancelled) worker!.fail(error, call);
    expect(await late).toMatchObject({ code: 'deadline-exceeded' });
    void make(made, 2);
    expect(given(made)).toEqual([[0]]);
    worker!.answer();
    expect(given(made)).toEqual([[0, 1]]);
  });

  it('goes elsewhere when its worker dies before it began, and that was no attempt', async () => {
    const made = await quickPool({ size: 2, maxAttempts: 1 });
    const calls = make(made, 6);
    const [, dies] = made.factory.workers;
    dies!.die();
    await flush();
    for (let n = 0; n < 6; n += 1) {
      for (const worker of made.factory.alive) if (worker.calls.length > 0) worker.answer('done');
      await flush();
    }
    expect(await standings(calls)).toEqual(['worker-exited', 'done', 'done', 'done', 'done', 'done']);
    expect(made.pool.stats().calls.retried).toBe(0);
  });

  it('is asked back at once from a worker that is lost, and finished by one that is only to leave', async () => {
    const lost = await quickPool({ concurrency: 2 });
    void make(lost, 4);
    const [worker] = lost.factory.workers;
    worker!.yield(DIED);
    expect([...worker!.asked].map(({ args }) => args)).toEqual([[2], [3]]);

    const leaves = await quickPool();
    const calls = make(leaves, 4);
    const [old] = leaves.factory.workers;
    const reloaded = leaves.pool.reload();
    await flush();
    while (old!.calls.length > 0) old!.answer('old');
    await reloaded;
    expect(await Promise.all(calls)).toEqual(['old', 'old', 'old', 'old']);
  });

  it('holds up close() until it is answered, and is refused as not started when that is forced', async () => {
    for (const force of [false, true]) {
      const made = await quickPool();
      const calls = make(made, 3);
      const [worker] = made.factory.workers;
      const closed = made.pool.close({ force });
      await flush();
      if (!force) while (worker!.calls.length > 0) worker!.answer('done');
      await closed;
      if (!force) expect(await Promise.all(calls)).toEqual(['done', 'done', 'done']);
      else {
        const errors = await Promise.all(calls.map((call) => rejection(call)));
        expect(errors.map(({ message }: { message: string }) => message)).toEqual([
          'Pool "pool" was closed while the call ran.',
          WAITED,
          WAITED,
        ]);
        expect(errors.map(({ code, outcome }: { code: string; outcome: string }) => [code, outcome])).toEqual(
          [
            ['pool-closed', 'unknown'],
            ['pool-closed', 'not-started'],
            ['pool-closed', 'not-started'],
          ],
        );
      }
      expect(made.clock.timers).toBe(0);
    }
  });

  it('that comes back to a pool that is being forced to close is refused there', async () => {
    const made = await quickPool();
    const calls = make(made, 2);
    const [worker] = made.factory.workers;
    await made.clock.advance(20);
    const kill = worker!.kill.bind(worker!);
    worker!.kill = (reason) => {
      worker!.giveBack();
      return kill(reason);
    };
    await made.pool.close({ force: true });
    expect(await standings(calls)).toEqual(['pool-closed', 'pool-closed']);
    expect(await rejection(calls[1]!)).toMatchObject({ outcome: 'not-started', message: WAITED });
  });
});

/** One more call behind those that there are. */
async function learnNothing(made: FakePool): Promise<void> {
  made.pool.call('quick', [7]).catch(() => undefined);
  await flush();
}
