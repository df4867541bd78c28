import { describe, expect, it } from 'vitest';

import { strictQueue } from '../affinity/strict-queue.js';
import { manualClock } from '../registry/manual-clock.js';
import { fakePool } from './fake-pool.js';
import { sessionPool } from './session-pool.js';
import type { SessionPoolOptions } from './session-pool.js';

function sessionsOver(options: SessionPoolOptions = {}) {
  const pool = fakePool();
  const clock = manualClock();
  return { pool, clock, front: sessionPool(pool, { clock, ...options }) };
}

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('a call in a session', () => {
  it('reaches the pool with the session beside the caller’s options', async () => {
    const { pool, front } = sessionsOver();
    const result = front
      .session('user-42', { metadata: { plan: 'free' } })
      .call('answer', ['why?'], { timeoutMs: 5 });
    expect(pool.calls).toMatchObject([
      {
        name: 'answer',
        args: ['why?'],
        options: { timeoutMs: 5, meta: { session: { id: 'user-42', metadata: { plan: 'free' } } } },
      },
    ]);
    pool.calls[0]!.resolve('because');
    expect(await result).toBe('because');
  });

  it('is counted before its caller hears of it', async () => {
    const { pool, front } = sessionsOver();
    const session = front.session('a');
    const good = session.call('f');
    const bad = session.call('f');
    expect(session.info()).toMatchObject({ operations: 2, inFlight: 2 });
    pool.calls[0]!.resolve(1);
    await good;
    expect(session.info()).toMatchObject({ errors: 0, inFlight: 1 });
    pool.calls[1]!.reject(new Error('no'));
    await expect(bad).rejects.toThrow('no');
    expect(session.info()).toMatchObject({ operations: 2, errors: 1, inFlight: 0 });
  });

  it('can be made through the typed functions', () => {
    const { pool, front } = sessionsOver();
    const py = front.session('a').functions<{ text: { embed(text: string): number[] } }>();
    void py.text.embed('hello');
    expect(pool.calls).toMatchObject([
      { name: 'text.embed', args: ['hello'], options: { meta: { session: { id: 'a' } } } },
    ]);
  });

  it('begins the session again after its end, with the metadata of its door', () => {
    const { pool, front } = sessionsOver();
    const session = front.session('a', { metadata: { plan: 'free' } });
    expect(session.end()).toBe(true);
    expect(session.info()).toBeUndefined();
    void session.call('f');
    expect(session.info()).toMatchObject({ operations: 1, metadata: { plan: 'free' } });
    expect(pool.calls).toHaveLength(1);
  });

  it('is refused as a rejection where there are too many sessions, and finds room later', async () => {
    const { pool, front } = sessionsOver({ maxSessions: 1 });
    front.session('a');
    const refused = front.session('b');
    await expect(refused.call('f')).rejects.toMatchObject({ code: 'session-limit' });
    expect(pool.calls).toEqual([]);
    front.sessions.end('a');
    void refused.call('f');
    expect(pool.calls).toHaveLength(1);
  });
});

describe('a stream in a session', () => {
  it('is in flight until its end', async () => {
    const { pool, front } = sessionsOver();
    pool.streams([1, 2]);
    const session = front.session('a');
    const stream = session.stream<number>('count');
    await stream.started;
    const seen: number[] = [];
    for await (const item of stream) {
      expect(session.info()).toMatchObject({ operations: 1, inFlight: 1 });
      seen.push(item);
    }
    expect(seen).toEqual([1, 2]);
    expect(session.info()).toMatchObject({ errors: 0, inFlight: 0 });
  });

  it('counts as failed where it ends in an error', async () => {
    const { pool, front } = sessionsOver();
    pool.streams([1], new Error('broke'));
    const session = front.session('a');
    await expect(collected(session.stream('count'))).rejects.toThrow('broke');
    expect(session.info()).toMatchObject({ errors: 1, inFlight: 0 });
  });

  it('is over, and not failed, when its consumer leaves', async () => {
    const { pool, front } = sessionsOver();
    pool.streams([1, 2, 3]);
    const session = front.session('a');
    for await (const _ of session.stream('count')) break;
    expect(pool.left).toBe(1);
    expect(session.info()).toMatchObject({ errors: 0, inFlight: 0 });
  });

  it('fails where there are too many sessions, instead of throwing', async () => {
    const { front } = sessionsOver({ maxSessions: 0 });
    const stream = front.session('a').stream('count');
    await expect(stream.started).rejects.toMatchObject({ code: 'session-limit' });
    await expect(collected(stream)).rejects.toMatchObject({ code: 'session-limit' });
  });
});

describe('metadata given with a door', () => {
  it('is merged into that of the open session at once', () => {
    const { front } = sessionsOver();
    front.session('a', { metadata: { plan: 'free', region: 'eu' } });
    front.session('a', { metadata: { plan: 'paid', region: undefined } });
    expect(front.sessions.get('a')?.metadata).toEqual({ plan: 'paid' });
    front.session('a');
    expect(front.sessions.get('a')?.metadata).toEqual({ plan: 'paid' });
  });
});

describe('the names of the first system', () => {
  it('call in a session', async () => {
    const { pool, front } = sessionsOver();
    void front.executeInSession('user-42', 'ping', { n: 1 }, { timeoutMs: 5, metadata: { plan: 'free' } });
    expect(pool.calls).toMatchObject([{ name: 'ping', args: { n: 1 } }]);
    expect(pool.calls[0]!.options).toEqual({
      timeoutMs: 5,
      meta: { session: { id: 'user-42', metadata: { plan: 'free' } } },
    });
    await expect(front.executeInSession('', 'ping')).rejects.toMatchObject({ code: 'invalid-arguments' });
  });

  it('call without one, untouched', () => {
    const { pool, front } = sessionsOver();
    const options = { timeoutMs: 5 };
    void front.executeAnonymous('ping', [1], options);
    expect(pool.calls[0]!.options).toBe(options);
    expect(front.sessions.list()).toEqual([]);
  });
});

describe('a session that is over', () => {
  it.each(['ended', 'expired'])('is forgotten by the affinity when it has %s', (how) => {
    const affinity = strictQueue();
    const ended: string[] = [];
    const { front, clock } = sessionsOver({
      affinity,
      ttlMs: 100,
      onEnd: ({ id }, reason) => ended.push(`${id} ${reason}`),
    });
    front.session('a');
    const worker = { id: 'w', slot: 0, inFlight: 0, concurrency: 1, calls: 0, lastCall: 0, overflow: false };
    affinity.select({ kind: 'call', name: 'f', meta: { session: { id: 'a' } }, attempts: 0 }, [worker]);
    expect(affinity.bindings).toBe(1);
    if (how === 'ended') front.sessions.end('a');
    else clock.advance(60_000);
    expect(affinity.bindings).toBe(0);
    expect(ended).toEqual([`a ${how}`]);
  });
});

describe('a session pool that is closed', () => {
  it('refuses calls and streams by pool-closed, and tracks no session', async () => {
    const { pool, clock, front } = sessionsOver();
    const before = front.session('before');
    const running = before.call('f');
    front.close();
    const refusal = { code: 'pool-closed', outcome: 'not-started', context: { sessionId: 'after' } };
    await expect(front.session('after').call('f')).rejects.toMatchObject(refusal);
    await expect(collected(front.session('after').stream('f'))).rejects.toMatchObject(refusal);
    await expect(front.executeInSession('after', 'f')).rejects.toMatchObject(refusal);
    await expect(before.call('f')).rejects.toMatchObject({ code: 'pool-closed' });
    expect(pool.calls).toHaveLength(1);
    pool.calls[0]!.resolve('late');
    expect(await running).toBe('late');
    expect([front.sessions.list(), before.info(), clock.timers]).toEqual([[], undefined, 0]);
  });
});

describe('wrong use', () => {
  it('throws at once, for it is no matter of load', () => {
    const { front } = sessionsOver();
    expect(() => front.session('')).toThrowError(expect.objectContaining({ code: 'invalid-arguments' }));
    expect(() => front.session('a', { metadata: [] as never })).toThrowError(
      expect.objectContaining({ code: 'invalid-arguments' }),
    );
    expect(() => sessionPool(fakePool(), { ttl: 1 } as never)).toThrowError(
      expect.objectContaining({ code: 'invalid-options' }),
    );
  });
});
