import { createError, type ErrorCode, type FunctionFacts, type Outcome } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';

import type { PoolCallOptions } from '../options/call-options.js';
import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection } from '../test-support/fake-pool.js';
import { died, startFailed } from '../test-support/fake-worker.js';

const SAFE: FunctionFacts = { idempotent: true, executionTimeoutMs: undefined, concurrency: undefined };
const deaths: ErrorCode[] = ['worker-exited', 'worker-unresponsive', 'protocol'];
const others: [ErrorCode, Outcome][] = [
  ['invalid-arguments', 'not-started'],
  ['unencodable', 'not-started'],
  ['frame-too-large', 'not-started'],
  ['frame-too-large', 'finished'],
  ['python-error', 'finished'],
  ['execution-timeout', 'unknown'],
  ['internal', 'unknown'],
];

/** Whether a call that is failed so is given to another worker. */
async function isRetried(
  code: ErrorCode,
  outcome: Outcome,
  options: PoolCallOptions = {},
  facts: readonly (readonly [string, FunctionFacts])[] = [],
  kind: 'call' | 'stream' = 'call',
): Promise<boolean> {
  const { pool, factory } = await fakePool({ facts });
  const told = kind === 'call' ? pool.call('f', [], options) : pool.stream('f', [], options).next();
  const settled = told.then(
    () => 'served',
    (error: { code: string; outcome: Outcome }) => [error.code, error.outcome],
  );
  const [first] = factory.workers;
  first!.fail(createError({ code, outcome, message: 'gone' }));
  await flush();
  const second = factory.alive.find(({ calls }) => calls.length > 0);
  if (second === undefined) {
    expect(await settled).toEqual([code, outcome]);
    return false;
  }
  expect(second).not.toBe(first);
  second.answer();
  expect(await settled).toBe('served');
  return true;
}

describe('a call that its worker failed', () => {
  it.each(deaths)('is given to another worker where it provably never ran (%s)', async (code) => {
    expect(await isRetried(code, 'not-started')).toBe(true);
    expect(await isRetried(code, 'not-started', { idempotent: false })).toBe(true);
    expect(await isRetried(code, 'not-started', {}, [], 'stream')).toBe(true);
  });

  it.each(deaths)(
    'that may have run is, where the caller or the function says that does no harm (%s)',
    async (code) => {
      expect(await isRetried(code, 'unknown')).toBe(false);
      expect(await isRetried(code, 'unknown', { idempotent: true })).toBe(true);
      expect(await isRetried(code, 'unknown', {}, [['f', SAFE]])).toBe(true);
      expect(await isRetried(code, 'unknown', {}, [['g', SAFE]])).toBe(false);
      // The caller's word goes before the function's.
      expect(await isRetried(code, 'unknown', { idempotent: false }, [['f', SAFE]])).toBe(false);
      // Its consumer may hold items already.
      expect(await isRetried(code, 'unknown', { idempotent: true }, [], 'stream')).toBe(false);
    },
  );

  it('is not once its arguments are spent: an iterable that was read of, or memory that its result was read into', async () => {
    const { pool, factory } = await fakePool();
    const call = rejection(pool.call('f', [], { idempotent: true }));
    const [first] = factory.workers;
    first!.calls[0]!.onSpent?.();
    first!.fail(createError({ code: 'worker-exited', outcome: 'unknown', message: 'gone' }));
    expect(await call).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    expect(factory.alive.flatMap(({ calls }) => calls)).toEqual([]);
  });

  it.each(others)('is not where the trouble is its own (%s, %s)', async (code, outcome) => {
    expect(await isRetried(code, outcome, { idempotent: true })).toBe(false);
  });

  it('is no more wanted where its consumer has left: a stream ends then, rather than fill a window that nobody empties', async () => {
    const { pool, factory } = await fakePool();
    const stream = pool.stream('f');
    const ended = rejection(stream.finished);
    const [first] = factory.workers;
    await stream.return();
    first!.fail(died('not-started'));
    expect(await ended).toMatchObject({ code: 'worker-exited', outcome: 'not-started' });
    expect(factory.alive.flatMap(({ calls }) => calls)).toEqual([]);
  });

  it('is tried three times in all, whatever mixture of causes fails it', async () => {
    const { pool, factory } = await fakePool({ facts: [['f', SAFE]] });
    const retried: unknown[] = [];
    pool.on('call-retried', ({ workerId, attempts, error }) =>
      retried.push([workerId, attempts, error.outcome]),
    );
    const call = rejection(pool.call('f'));
    for (const outcome of ['not-started', 'unknown', 'unknown'] as const) {
      factory.alive[0]!.fail(died(outcome));
      await flush();
    }
    expect(await call).toMatchObject({ code: 'worker-exited', outcome: 'unknown', retryable: false });
    expect(retried).toEqual([
      ['pool-0.1', 1, 'not-started'],
      ['pool-1.2', 2, 'unknown'],
    ]);
    expect(pool.stats().calls.retried).toBe(2);
  });

  it.each(['worker-retiring', 'call-retried'] as const)(
    'is settled once, and tried no more, where a listener ends it as it hears of it (%s)',
    async (name) => {
      const { pool, factory } = await fakePool();
      const abort = new AbortController();
      pool.on(name, () => abort.abort('enough'));
      const call = rejection(pool.call('f', ['argument'], { idempotent: true, signal: abort.signal }));
      factory.workers[0]!.die();
      await flush();
      expect(await call).toMatchObject({ code: 'aborted', outcome: 'unknown', cause: 'enough' });
      expect(factory.alive.flatMap(({ calls }) => calls)).toEqual([]);
      expect(pool.stats().calls).toMatchObject({ submitted: 1, failed: 1, succeeded: 0 });
      expect(pool.status().queued).toBe(0);
    },
  );

  it.each([
    ['worker-retiring', true],
    ['worker-retiring', false],
    ['call-retried', true],
    ['call-retried', false],
  ] as const)(
    'is settled where a listener closes the pool as it hears of it (%s, force %s)',
    async (name, force) => {
      const { pool, factory, clock } = await fakePool();
      let closed: Promise<void> | undefined;
      pool.on(name, () => {
        closed ??= pool.close({ force });
      });
      const call = rejection(pool.call('f', [], { idempotent: true }));
      factory.workers[0]!.die();
      await flush();
      await clock.advance(60_000);
      expect(await call).toMatchObject({ outcome: 'unknown' });
      await closed;
    },
  );

  it('is not tried again once its caller gave up', async () => {
    const { pool, factory } = await fakePool();
    const abort = new AbortController();
    const call = rejection(pool.call('f', [], { idempotent: true, signal: abort.signal }));
    abort.abort();
    factory.workers[0]!.die();
    expect(await call).toMatchObject({ code: 'aborted', outcome: 'unknown' });
    expect(pool.stats().calls.retried).toBe(0);
  });
});

describe('a call that was tried again and may have run', () => {
  /** A call whose first worker died under it, and that waits for another. */
  async function waiting(options: PoolCallOptions = {}) {
    const fake = await fakePool({ mode: 'manual', checkoutTimeoutMs: 1_000 });
    fake.factory.pending[0]!.succeed();
    await flush();
    const error = rejection(fake.pool.call('f', [], { idempotent: true, ...options }));
    fake.factory.workers[0]!.die();
    await flush();
    return { ...fake, error };
  }

  it('is unknown when its second wait is too long', async () => {
    const { clock, error } = await waiting();
    await clock.advance(1_000);
    expect(await error).toMatchObject({
      code: 'checkout-timeout',
      outcome: 'unknown',
      retryable: false,
      context: { attempts: 1 },
      cause: { code: 'worker-exited', outcome: 'unknown' },
    });
  });

  it('is unknown when it is aborted as it waits, with the reason as cause', async () => {
    const abort = new AbortController();
    const { error } = await waiting({ signal: abort.signal });
    abort.abort('enough');
    expect(await error).toMatchObject({ code: 'aborted', outcome: 'unknown', cause: 'enough' });
  });

  it('is unknown when the pool closes or its circuit opens', async () => {
    const closing = await waiting();
    await closing.pool.close({ force: true });
    expect(await closing.error).toMatchObject({ code: 'pool-closed', outcome: 'unknown' });
    const broken = await waiting({ checkoutTimeoutMs: Infinity });
    for (let n = 0; n < 3; n += 1) {
      broken.factory.pending[0]!.fail(startFailed('broken'));
      await broken.clock.advance(1_000);
    }
    expect(await broken.error).toMatchObject({
      code: 'circuit-open',
      outcome: 'unknown',
      retryable: false,
      cause: { message: 'broken' },
    });
  });

  it('is unknown when its last worker says that it never began', async () => {
    const { pool, factory } = await fakePool();
    const error = rejection(pool.call('f', [], { idempotent: true }));
    for (const outcome of ['unknown', 'not-started', 'not-started'] as const) {
      factory.alive[0]!.fail(died(outcome));
      await flush();
    }
    expect(await error).toMatchObject({
      code: 'worker-exited',
      outcome: 'unknown',
      context: { attempts: 3 },
    });
  });

  it('is not in doubt any more once it has been answered', async () => {
    const { pool, factory } = await fakePool();
    const call = pool.call('f', [], { idempotent: true });
    factory.alive[0]!.die();
    await flush();
    factory.alive[0]!.answer('served');
    expect(await call).toBe('served');
    expect(await rejection(pool.call('f', [], { signal: AbortSignal.abort() }))).toMatchObject({
      outcome: 'not-started',
    });
  });
});

describe('the execution budget of a call', () => {
  const facts = [['f', { ...SAFE, executionTimeoutMs: 300_000 }]] as const;

  it.each([
    ['the caller’s, whatever the function says', 'f', { executionTimeoutMs: 400_000 }, 400_000],
    ['the function’s where the caller gives none', 'f', {}, 300_000],
    ['the pool’s where neither does', 'g', {}, 45_000],
  ])('is %s', async (_, name, options, budget) => {
    const { pool, factory } = await fakePool({ facts });
    void pool.call(name, [], options);
    expect(factory.workers[0]!.calls[0]!.executionTimeoutMs).toBe(budget);
  });

  it('of a stream is none, the caller’s, or the function’s', async () => {
    const { pool, factory } = await fakePool({ facts, size: 2 });
    pool.stream('g');
    pool.stream('f');
    expect(factory.workers.map(({ calls }) => calls[0]!.executionTimeoutMs)).toEqual([Infinity, 300_000]);
  });
});
