import { hint, strictFailFast, strictQueue } from 'pypool';
import { describe, expect, it } from 'vitest';
import { gateOf, pidsOf, poolFor, rejection } from '../src/pool-for.js';
import { until } from '../src/until.js';

interface Seen {
  readonly session: string | null;
  readonly metadata: unknown;
  readonly pid: number;
}

describe('sessions', () => {
  it('S61 tracked, not bound: 50 calls in one session, more than one pid', async () => {
    await using pool = await poolFor('echo', { size: 4, minReady: 4 });
    const session = pool.session('user-42', { metadata: { plan: 'free' } });
    const seen = await Promise.all(Array.from({ length: 50 }, () => session.call<Seen>('session')));
    expect(session.info()).toMatchObject({ id: 'user-42', operations: 50, errors: 0, inFlight: 0 });
    expect(pool.sessions.list()).toHaveLength(1);
    expect(new Set(seen.map(({ pid }) => pid)).size).toBeGreaterThan(1);
    expect(seen.every(({ session: id }) => id === 'user-42')).toBe(true);
    expect(seen[0]!.metadata).toEqual({ plan: 'free' });
  });

  it('S62 anonymous: not tracked, and the handler sees no session', async () => {
    await using pool = await poolFor('echo', { size: 1 });
    expect(await pool.call<Seen>('session')).toMatchObject({ session: null });
    expect(pool.sessions.list()).toEqual([]);
  });

  it('S63 hint: the same worker when it is free, another when it is busy', async () => {
    await using pool = await poolFor('echo', { size: 2, minReady: 2, selection: hint() });
    const session = pool.session('warm');
    const home = await session.call<number>('pid');
    for (let n = 0; n < 10; n += 1) expect(await session.call('pid')).toBe(home);
    const long = session.call<number>('nap_pid', [0.5]);
    const meanwhile = await session.call<number>('pid');
    expect(await long).toBe(home);
    expect(meanwhile).not.toBe(home);
  });

  it('S63 strict-queue: always the same worker, also for a first call that was queued', async () => {
    await using pool = await poolFor('echo', { size: 2, minReady: 2, selection: strictQueue() });
    const blockers = [pool.call('nap', [0.3]), pool.call('nap', [0.3])];
    const session = pool.session('bound');
    const pids = await Promise.all(Array.from({ length: 6 }, () => session.call<number>('pid')));
    await Promise.all(blockers);
    expect(new Set(pids).size).toBe(1);
    const long = session.call<number>('nap_pid', [0.2]);
    expect(await session.call('pid')).toBe(pids[0]);
    expect(await long).toBe(pids[0]);
  });

  it('S63 strict-queue: a bound session that waits does not hold up the others', async () => {
    await using pool = await poolFor('echo', { size: 2, minReady: 2, selection: strictQueue() });
    const session = pool.session('bound');
    const gate = gateOf();
    const long = session.call('wait_for', [gate.path, 'long']);
    const behind = session.call('echo', ['behind']);
    expect(await pool.call('echo', ['free'])).toBe('free');
    expect(pool.status()).toMatchObject({ running: 1, queued: 1 });
    gate.open();
    expect(await Promise.all([long, behind])).toEqual(['long', 'behind']);
  });

  it('S63 strict-fail-fast: typed busy', async () => {
    await using pool = await poolFor('echo', { size: 2, minReady: 2, selection: strictFailFast() });
    const session = pool.session('impatient');
    const long = session.call('nap', [0.4, 'long']);
    expect(await rejection(session.call('pid'))).toMatchObject({
      category: 'resource',
      code: 'session-busy',
      outcome: 'not-started',
    });
    expect(await long).toBe('long');
  });

  it('S63 the bound worker dies: session-lost once, then it binds anew', async () => {
    await using pool = await poolFor('echo', { size: 2, minReady: 2, selection: strictQueue() });
    const session = pool.session('bound');
    const home = await session.call<number>('pid');
    process.kill(home, 'SIGKILL');
    await until('the pool has seen it', () => !pidsOf(pool).includes(home));
    expect(await rejection(session.call('pid'))).toMatchObject({
      category: 'resource',
      code: 'session-lost',
    });
    const anew = await session.call<number>('pid');
    expect(anew).not.toBe(home);
    expect(await session.call('pid')).toBe(anew);
  });

  it('S64 the limit refuses only new ids', async () => {
    await using pool = await poolFor('echo', { size: 1, sessions: { maxSessions: 2 } });
    await pool.session('a').call('echo', [1]);
    await pool.session('b').call('echo', [1]);
    expect(await rejection(pool.session('c').call('echo', [1]))).toMatchObject({ code: 'session-limit' });
    expect(await pool.session('a').call('echo', [2])).toBe(2);
    pool.sessions.end('b');
    expect(await pool.session('c').call('echo', [3])).toBe(3);
  });

  it.each([
    ['on access', Infinity],
    ['by sweep', 20],
  ])('S64 expires %s', async (_, sweepIntervalMs) => {
    await using pool = await poolFor('echo', { size: 1, sessions: { ttlMs: 50, sweepIntervalMs } });
    await pool.session('brief').call('echo', [1]);
    await until('the session has expired', () =>
      Number.isFinite(sweepIntervalMs)
        ? pool.sessions.list().length === 0
        : pool.sessions.get('brief') === undefined,
    );
    const anew = pool.session('brief').call('echo', [1]);
    // While it runs: it may have expired again by the time that its answer is read.
    expect(pool.sessions.get('brief')).toMatchObject({ operations: 1, inFlight: 1 });
    await anew;
  });
});
