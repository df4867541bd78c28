import { expect, it } from 'vitest';
import { fakePool } from './fake-pool.js';

it('has methods that can be taken from it and used alone', async () => {
  const { call, stream, functions, session, sessions, executeInSession, executeAnonymous, ...rest } =
    fakePool({
      one: () => 1,
      *many() {
        yield 1;
      },
    });
  const { ready, drain, close, status, stats, health, dump, on, off, [Symbol.asyncDispose]: dispose } = rest;
  let closed = 0;
  const onClosed = () => void (closed += 1);
  const never = () => void (closed += 10);
  on('closed', onClosed);
  on('closed', never);
  off('closed', never);
  await ready();
  const inSession = session('a');
  const { list, get, end } = sessions;
  const values = [
    call('one'),
    functions<{ one(): number }>().one(),
    inSession.call('one'),
    inSession.functions<{ one(): number }>().one(),
    executeInSession('a', 'one'),
    executeAnonymous('one'),
  ];
  expect(await Promise.all(values)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(await stream('many').next()).toEqual({ done: false, value: 1 });
  expect([list().length, get('a')?.operations, end('a')]).toEqual([1, 3, true]);
  await drain();
  expect(await dump(status().workers[0]!.id)).toMatchObject({ calls: [], threads: [] });
  expect([status().state, stats().calls.failed, health().status]).toEqual(['open', 0, 'healthy']);
  await dispose();
  await close();
  expect(closed).toBe(1);
});

it('refuses calls in sessions once it is closed, and tracks none', async () => {
  const pool = fakePool({ one: () => 1 });
  const before = pool.session('before');
  expect(await before.call('one')).toBe(1);
  await pool.close();
  for (const call of [
    before.call('one'),
    before.stream('one').next(),
    pool.session('after').call('one'),
    pool.executeInSession('after', 'one'),
    pool.call('one'),
  ]) {
    await expect(call).rejects.toMatchObject({ code: 'pool-closed', outcome: 'not-started' });
  }
  expect(pool.sessions.list()).toEqual([]);
});

it('keeps its sessions where it is not closed after all', async () => {
  await using pool = fakePool({ one: () => 1 });
  const session = pool.session('a');
  await session.call('one');
  await expect(pool.close({ timeout: 5 } as never)).rejects.toMatchObject({ code: 'invalid-options' });
  expect(await session.call('one')).toBe(1);
  expect(session.info()).toMatchObject({ operations: 2 });
});
