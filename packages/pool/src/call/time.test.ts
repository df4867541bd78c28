import { createError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';

import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection, standings } from '../test-support/fake-pool.js';

describe('budgets', () => {
  it('S17 rejects a call that waited checkoutTimeoutMs, once, with what it waited for, and never runs it', async () => {
    const { pool, factory, clock } = await fakePool({ checkoutTimeoutMs: 200 });
    void pool.call('long');
    const waiting = rejection(pool.call('waiting'));
    await clock.advance(200);
    const error = await waiting;
    expect(error).toMatchObject({ code: 'checkout-timeout', category: 'timeout', outcome: 'not-started' });
    expect(error.context).toMatchObject({ total: 1, busy: 1, starting: 0, queued: 1, name: 'waiting' });
    factory.workers[0]!.answer();
    await flush();
    expect(factory.workers[0]!.given).toBe(1);
    expect(pool.stats()).toMatchObject({ calls: { failed: 1 }, errors: { 'checkout-timeout': 1 } });
  });

  it.each([
    ['pool', { checkoutTimeoutMs: 0 }, undefined],
    ['call', {}, { checkoutTimeoutMs: 0 }],
    ['call, before a full queue is looked at', { maxQueue: 0 }, { checkoutTimeoutMs: 0 }],
  ])('of 0 (of the %s) refuse at once what finds no free worker', async (_, pooled, ofCall) => {
    const { pool, factory } = await fakePool({ overflow: 1, ...pooled });
    void pool.call('long', [], ofCall);
    expect(factory.workers[0]!.calls).toHaveLength(1);
    const error = await rejection(pool.call('impatient', [], ofCall));
    expect(error).toMatchObject({ code: 'checkout-timeout', outcome: 'not-started', retryable: true });
    expect(error.context).toMatchObject({ total: 1, busy: 1, starting: 0, queued: 0, waitedMs: 0 });
    expect(factory.started).toHaveLength(1);
    expect(pool.status().queued).toBe(0);
  });

  it('of 0 wait for no first worker either, and start none', async () => {
    const { pool, factory } = await fakePool({ start: 'lazy', checkoutTimeoutMs: 0 });
    expect(await rejection(pool.call('f'))).toMatchObject({ code: 'checkout-timeout' });
    expect(factory.started).toEqual([]);
    await pool.ready();
    factory.workers[0]!.respond = (call) => call.onResult('served');
    expect(await pool.call('f')).toBe('served');
  });

  it('S18 gives the place to the next live waiter', async () => {
    const { pool, factory, clock } = await fakePool();
    void pool.call('long');
    const expired = rejection(pool.call('expired', [], { checkoutTimeoutMs: 100 }));
    void pool.call('live');
    await clock.advance(100);
    expect(await expired).toMatchObject({ code: 'checkout-timeout' });
    factory.workers[0]!.answer();
    expect(factory.workers[0]!.calls[0]!.name).toBe('live');
  });

  it('S19 rejects a queued call at its deadline', async () => {
    const { pool, factory, clock } = await fakePool();
    void pool.call('long');
    const byBudget = rejection(pool.call('budget', [], { timeoutMs: 500 }));
    const byPoint = rejection(pool.call('point', [], { deadline: clock.epochMs() + 300 }));
    const byDate = rejection(pool.call('date', [], { deadline: new Date(clock.epochMs() + 400) }));
    await clock.advance(299);
    expect(await standings([byPoint])).toEqual(['pending']);
    await clock.advance(201);
    for (const error of [await byBudget, await byPoint, await byDate]) {
      expect(error).toMatchObject({ code: 'deadline-exceeded', outcome: 'not-started' });
      expect(error.context).toMatchObject({ total: 1, busy: 1, starting: 0, maximum: 1 });
    }
    expect((await byBudget).message).toContain('timeoutMs (500 ms) of call "budget" passed 500 ms after');
    expect((await byBudget).context).toMatchObject({ queued: 1, afterMs: 500, name: 'budget' });
    expect((await byPoint).message).toContain('The deadline of call "point" passed 300 ms after');
    factory.workers[0]!.answer();
    expect(factory.workers[0]!.given).toBe(1);
  });

  it('names the last start failure to a call whose time passed while it waited', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual' });
    factory.pending[0]!.fail();
    await flush();
    const call = rejection(pool.call('f', [], { deadline: clock.epochMs() + 50 }));
    await clock.advance(50);
    expect(await call).toMatchObject({
      code: 'deadline-exceeded',
      message: expect.stringContaining('no such model'),
      cause: { code: 'start-failed' },
    });
  });

  it('says of a call that is made too late which limit had passed', async () => {
    const { pool, clock } = await fakePool();
    const late = await rejection(pool.call('f', [], { deadline: clock.epochMs() - 1 }));
    expect(late.message).toContain('The deadline of call "f" had passed');
    const none = await rejection(pool.call('f', [], { timeoutMs: 0 }));
    expect(none.message).toContain('timeoutMs (0 ms) of call "f" had passed');
  });

  it('ends a running call at its deadline through the worker, which keeps its place until it has answered', async () => {
    const { pool, factory, clock } = await fakePool();
    const call = rejection(pool.call('long', [], { timeoutMs: 500 }));
    void pool.call('queued');
    await clock.advance(500);
    const [worker] = factory.workers;
    expect(worker!.cancelled).toHaveLength(1);
    expect(worker!.calls.map(({ name }) => name)).toEqual(['long']);
    worker!.fail(worker!.cancelled[0]!.error);
    expect(await call).toMatchObject({ code: 'deadline-exceeded', outcome: 'unknown' });
    expect(worker!.calls.map(({ name }) => name)).toEqual(['queued']);
  });

  it('tells the caller of the deadline even where the worker died of being ended', async () => {
    const { pool, factory, clock } = await fakePool();
    const call = rejection(pool.call('long', [], { timeoutMs: 500, idempotent: true }));
    await clock.advance(500);
    factory.workers[0]!.die();
    expect(await call).toMatchObject({ code: 'deadline-exceeded' });
  });

  it('S20 hands execution budgets to the worker untouched by the wait', async () => {
    const { pool, factory, clock } = await fakePool({ executionTimeoutMs: 45_000 });
    const first = pool.call('first');
    void pool.call('second', [], { executionTimeoutMs: 50 });
    await clock.advance(100);
    factory.workers[0]!.answer();
    await first;
    expect(factory.workers[0]!.calls[0]!.executionTimeoutMs).toBe(50);
  });

  it('does not charge a call for the wait for the first worker', async () => {
    const { pool, factory, clock } = await fakePool({
      mode: 'manual',
      checkoutTimeoutMs: 1_000,
      timeoutMs: 2_000,
      startTimeoutMs: 60_000,
    });
    const calls = [pool.call('a'), pool.call('b'), pool.call('c')];
    const deadline = rejection(pool.call('d', [], { deadline: clock.epochMs() + 3_000 }));
    for (const call of calls) call.catch(() => {});
    await clock.advance(30_000);
    expect(await deadline).toMatchObject({ code: 'deadline-exceeded' });
    factory.pending[0]!.succeed();
    await flush();
    expect(await standings(calls)).toEqual(['pending', 'pending', 'pending']);
    await clock.advance(999);
    factory.workers[0]!.answer('first');
    await clock.advance(1);
    expect(await standings(calls)).toEqual(['first', 'pending', 'checkout-timeout']);
    await clock.advance(1_000);
    expect(factory.workers[0]!.cancelled[0]!.error.code).toBe('deadline-exceeded');
  });

  it('bounds the wait for the first worker by the start budget', async () => {
    const { pool, clock } = await fakePool({ mode: 'manual', start: 'lazy', startTimeoutMs: 5_000 });
    const first = rejection(pool.call('a'));
    await clock.advance(2_000);
    const second = rejection(pool.call('b'));
    await clock.advance(3_020);
    expect(await first).toMatchObject({ code: 'start-timeout', outcome: 'not-started' });
    await clock.advance(2_000);
    expect(await second).toMatchObject({ code: 'start-timeout', outcome: 'not-started' });
    expect(pool.status().queued).toBe(0);
  });

  it('tells the call that brought about the first start how that ended, though both have the same time', async () => {
    const { pool, factory, clock } = await fakePool({ mode: 'manual', start: 'lazy', startTimeoutMs: 5_000 });
    factory.explain = (cause) =>
      createError({ code: 'start-timeout', message: 'It stood at line 3.', cause });
    const call = rejection(pool.call('a'));
    // However late the timers of both fire.
    await clock.stall(10_000);
    const error = await call;
    expect(error).toMatchObject({ code: 'start-timeout', outcome: 'not-started' });
    expect(error.cause.message).toBe('It stood at line 3.');
    expect(error.message).toContain('The last start failed: It stood at line 3.');
  });

  it('rejects at once what has no time at all', async () => {
    const { pool, factory, clock } = await fakePool();
    expect(await rejection(pool.call('a', [], { timeoutMs: 0 }))).toMatchObject({
      code: 'deadline-exceeded',
    });
    const past = { deadline: clock.epochMs() - 1 };
    expect(await rejection(pool.call('a', [], past))).toMatchObject({ code: 'deadline-exceeded' });
    expect(factory.workers[0]!.given).toBe(0);
  });

  it.each([
    ['call', {}, { timeoutMs: 0 }],
    ['pool', { timeoutMs: 0 }, undefined],
  ])(
    'does so before the first worker is ready, and starts none (timeoutMs of the %s)',
    async (_, pooled, ofCall) => {
      const { pool, factory } = await fakePool({ mode: 'manual', start: 'lazy', ...pooled });
      const [call] = await standings([pool.call('f', [], ofCall)]);
      expect(call).toBe('deadline-exceeded');
      const { message } = await rejection(pool.call('f', [], ofCall));
      expect(message).toBe('The timeoutMs (0 ms) of call "f" had passed when it was made.');
      expect(factory.started).toEqual([]);
    },
  );

  it('does so with a stream that asks for no time, before the first worker is ready', async () => {
    const { pool } = await fakePool({ mode: 'manual' });
    const [first] = await standings([pool.stream('f', [], { timeoutMs: 0 }).next()]);
    expect(first).toBe('deadline-exceeded');
  });

  it('reads what has arrived before it judges a timer that fired late', async () => {
    const { pool, factory, clock } = await fakePool({ timeoutMs: 500, checkoutTimeoutMs: 400 });
    const running = pool.call('running');
    const waiting = pool.call('waiting');
    clock.arrive(() => factory.workers[0]!.answer('in time'));
    await clock.stall(10_000);
    expect(await running).toBe('in time');
    expect(factory.workers[0]!.calls[0]!.name).toBe('waiting');
    waiting.catch(() => {});
  });

  it('arms one timer for many calls', async () => {
    const { pool, clock } = await fakePool();
    const before = clock.armed;
    for (let n = 0; n < 500; n += 1) void pool.call('call');
    // The first call has the budget of a whole call, the next the shorter one of a wait.
    expect(clock.armed - before).toBe(2);
  });

  it('rejects options it does not know or cannot use', async () => {
    const { pool } = await fakePool();
    for (const options of [
      { timeout: 5 },
      { timeoutMs: -1 },
      { checkoutTimeoutMs: NaN },
      { deadline: 'soon' },
      { deadline: new Date(NaN) },
      { signal: {} },
      null,
      'x',
      [],
      { signal: null },
      { signal: { aborted: false } },
      { idempotent: 1 },
      { attributes: null },
      { attributes: 5 },
      { attributes: 'x' },
      { attributes: [] },
      { meta: null },
      { meta: { session: { id: '' } } },
      { meta: { session: { id: 'a', metadata: [] } } },
    ]) {
      expect(await rejection(pool.call('a', [], options as never))).toMatchObject({
        code: 'invalid-options',
      });
    }
    expect(await rejection(pool.call(7 as never))).toMatchObject({ code: 'invalid-arguments' });
  });
});

describe('abort', () => {
  it('S25 rejects a queued call at once with the reason, and leaves the running one alone', async () => {
    const { pool, factory } = await fakePool();
    const running = pool.call('running');
    const abort = new AbortController();
    const queued = rejection(pool.call('queued', [], { signal: abort.signal }));
    const reason = new Error('the user left');
    abort.abort(reason);
    const error = await queued;
    expect(error).toMatchObject({ name: 'AbortError', code: 'aborted', outcome: 'not-started' });
    expect(error.cause).toBe(reason);
    factory.workers[0]!.answer('untouched');
    expect(await running).toBe('untouched');
    expect(factory.workers[0]!.given).toBe(1);
  });

  it('S28 rejects at once where the signal has aborted already: no start, no queue entry', async () => {
    const { pool, factory } = await fakePool({ start: 'lazy' });
    expect(await rejection(pool.call('a', [], { signal: AbortSignal.abort('no') }))).toMatchObject({
      code: 'aborted',
      cause: 'no',
    });
    await flush();
    expect(factory.started).toHaveLength(0);
  });

  it('S29 aborts a queued call and then the running one; the third completes', async () => {
    const { pool, factory } = await fakePool();
    const aborts = [new AbortController(), new AbortController()];
    const first = rejection(pool.call('first', [], { signal: aborts[0]!.signal }));
    const second = rejection(pool.call('second', [], { signal: aborts[1]!.signal }));
    const third = pool.call('third');
    aborts[1]!.abort();
    aborts[0]!.abort();
    const [worker] = factory.workers;
    worker!.fail(worker!.cancelled[0]!.error);
    expect(await first).toMatchObject({ code: 'aborted', outcome: 'unknown' });
    expect(await second).toMatchObject({ code: 'aborted', outcome: 'not-started' });
    worker!.answer('completes');
    expect(await third).toBe('completes');
  });

  it('delivers the result of a call that finished before its abort took hold', async () => {
    const { pool, factory } = await fakePool();
    const abort = new AbortController();
    const call = pool.call('call', [], { signal: abort.signal });
    abort.abort();
    factory.workers[0]!.answer('made it');
    expect(await call).toBe('made it');
  });

  it('listens once to a signal that calls share, and no longer than one of them is open', async () => {
    const { pool, factory } = await fakePool();
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: never[]) => {
      listeners += 1;
      return Reflect.apply(addEventListener, signal, args) as undefined;
    };
    signal.removeEventListener = (...args: never[]) => {
      listeners -= 1;
      return Reflect.apply(removeEventListener, signal, args) as undefined;
    };
    const calls = [1, 2, 3].map(() => pool.call('call', [], { signal }));
    expect(listeners).toBe(1);
    factory.workers[0]!.respond = () => factory.workers[0]!.answer();
    factory.workers[0]!.answer();
    await Promise.all(calls);
    expect(listeners).toBe(0);
  });
});

describe('the stack of an error', () => {
  it('shows where the call was awaited', async () => {
    const { pool, factory } = await fakePool();
    async function somebodyWhoCalls() {
      await pool.call('call');
    }
    const error = rejection(somebodyWhoCalls());
    factory.workers[0]!.die();
    expect((await error).stack).toMatch(
      /worker was killed[\s\S]*--- pool.call\(\) ---[\s\S]*somebodyWhoCalls/,
    );
  });
});
