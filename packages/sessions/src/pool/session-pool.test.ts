import { isPypoolError } from '@pypool/protocol';
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

describe('a map in a session', () => {
  it('keeps as many calls under way as the pool has places by then', async () => {
    const { pool, front } = sessionsOver();
    const map = front.session('a').map('f', [1, 2, 3, 4, 5]);
    const first = map.next();
    await expect.poll(() => pool.calls).toHaveLength(1);
    pool.places = 3;
    pool.calls[0]!.resolve('one');
    expect(await first).toEqual({ done: false, value: 'one' });
    await expect.poll(() => pool.calls).toHaveLength(4);
    const left = map.return();
    for (const call of pool.calls) call.resolve(undefined);
    await left;
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
    expect(front.sessions.size).toBe(1);
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
    expect([front.sessions.list(), front.sessions.size, before.info(), clock.timers]).toEqual([
      [],
      0,
      undefined,
      0,
    ]);
  });
});

/** Code and message of what `body` throws or rejects with. */
async function refusal(body: () => unknown): Promise<string> {
  try {
    await body();
  } catch (error) {
    return isPypoolError(error) ? `${error.code}: ${error.message}` : String(error);
  }
  return 'nothing';
}

describe('wrong use', () => {
  type Front = ReturnType<typeof sessionsOver>['front'];

  it.each<[string, (front: Front) => unknown, string]>([
    [
      "session('')",
      (front) => front.session(''),
      'invalid-arguments: The id of a session must be a string that is not empty, got "".',
    ],
    [
      'session(42)',
      (front) => front.session(42 as never),
      'invalid-arguments: The id of a session must be a string that is not empty, got 42.',
    ],
    [
      'session()',
      (front) => front.session(undefined as never),
      'invalid-arguments: The id of a session must be a string that is not empty, got undefined.',
    ],
    [
      "session('a', null)",
      (front) => front.session('a', null as never),
      'invalid-options: Invalid options of session(): expected object, got null.',
    ],
    [
      "session('a', 5)",
      (front) => front.session('a', 5 as never),
      'invalid-options: Invalid options of session(): expected object, got 5.',
    ],
    [
      'an unknown option of session()',
      (front) => front.session('a', { metdata: {} } as never),
      'invalid-options: Invalid options of session(): metdata: there is no such option (did you mean metadata?).',
    ],
    [
      'metadata of an array',
      (front) => front.session('a', { metadata: [] as never }),
      'invalid-arguments: The metadata of a session must be a plain object of JSON values, got an array.',
    ],
    [
      'metadata of null',
      (front) => front.session('a', { metadata: null as never }),
      'invalid-arguments: The metadata of a session must be a plain object of JSON values, got null.',
    ],
  ])('throws at once for %s, for it is no matter of load', async (_, body, message) => {
    const { front, pool } = sessionsOver();
    expect(() => body(front)).toThrow();
    expect(await refusal(() => body(front))).toBe(message);
    expect([front.sessions.list(), pool.calls]).toEqual([[], []]);
  });

  it.each<[string, (front: Front) => Promise<unknown>, string]>([
    [
      'an empty id',
      (front) => front.executeInSession('', 'f'),
      'invalid-arguments: The id of a session must be a string that is not empty, got "".',
    ],
    [
      'options of null',
      (front) => front.executeInSession('a', 'f', [], null as never),
      'invalid-options: Invalid options of executeInSession(): expected a plain object, got null.',
    ],
    [
      'options of a string',
      (front) => front.executeInSession('a', 'f', [], 'x' as never),
      'invalid-options: Invalid options of executeInSession(): expected a plain object, got "x".',
    ],
    [
      'metadata of a number',
      (front) => front.executeInSession('a', 'f', [], { metadata: 5 as never }),
      'invalid-arguments: The metadata of a session must be a plain object of JSON values, got 5.',
    ],
  ])('rejects executeInSession() for %s', async (_, body, message) => {
    const { front, pool } = sessionsOver();
    const promise = body(front);
    expect(await refusal(() => promise)).toBe(message);
    expect([front.sessions.list(), pool.calls]).toEqual([[], []]);
  });

  it.each<[unknown, string]>([
    [{ ttl: 5 }, 'ttl: there is no such option (did you mean ttlMs, in milliseconds?)'],
    [{ afinity: 5 }, 'afinity: there is no such option (did you mean affinity?)'],
    [5, 'expected object, got 5'],
    [null, 'expected object, got null'],
    [{ ttlMs: -1 }, 'ttlMs: expected number of milliseconds to be >=0, got -1'],
    [{ ttlMs: '1h' }, 'ttlMs: expected a number of milliseconds of at least 0, or Infinity, got "1h"'],
    [{ store: new Map() }, 'nothing'],
    [
      { store: { get: () => undefined } },
      'store: expected an object with get(), set(), delete(), values(), got an object',
    ],
    [{ clock: Date }, 'clock: expected an object with now(), epochMs(), after(), got a function'],
    [{ clock: {} }, 'clock: expected an object with now(), epochMs(), after(), got an object'],
    [{ onEnd: 'log' }, 'onEnd: expected a function, got "log"'],
    [{ affinity: 'hint' }, 'affinity: expected an object with select(), got "hint"'],
  ])('throws for the options %j', async (options, message) => {
    const expected =
      message === 'nothing' ? message : `invalid-options: Invalid options of sessionPool(): ${message}.`;
    expect(await refusal(() => sessionPool(fakePool(), options as never))).toBe(expected);
  });

  it('throws for what is no pool', async () => {
    expect(await refusal(() => sessionPool(undefined as never))).toBe(
      'invalid-arguments: sessionPool() needs a pool: expected an object with call(), stream(), got undefined.',
    );
  });

  it('leaves options of a call that cannot be any to the pool', () => {
    const { front, pool } = sessionsOver();
    void front.session('a').call('f', [], null as never);
    expect(pool.calls).toMatchObject([{ options: null }]);
  });
});
