import { isPypoolError } from '@pypool/protocol';
import { describe, expect, it, vi } from 'vitest';

import { memoryStore } from '../store/memory-store.js';
import { manualClock } from './manual-clock.js';
import type { SessionRegistryOptions } from './options.js';
import { createSessionRegistry } from './registry.js';

function registryWith(options: SessionRegistryOptions = {}) {
  const clock = manualClock();
  const ended: string[] = [];
  const registry = createSessionRegistry({
    clock,
    onEnd: ({ id }, reason) => ended.push(`${id} ${reason}`),
    ...options,
  });
  return { registry, clock, ended };
}

function codeOf(body: () => unknown): string | undefined {
  try {
    body();
    return undefined;
  } catch (error) {
    return isPypoolError(error) ? error.code : String(error);
  }
}

describe('tracking', () => {
  it('counts operations, errors and calls in flight', () => {
    const { registry, clock } = registryWith();
    const first = registry.begin('a');
    const second = registry.begin('a');
    clock.advance(5);
    first.finish(true);
    expect(registry.get('a')).toEqual({
      id: 'a',
      startedAt: 1_000,
      lastActivity: 1_005,
      operations: 2,
      errors: 1,
      inFlight: 1,
      metadata: {},
    });
    second.finish(false);
    expect(registry.get('a')).toMatchObject({ operations: 2, errors: 1, inFlight: 0 });
  });

  it('counts the end of an operation once', () => {
    const { registry } = registryWith();
    const operation = registry.begin('a');
    operation.finish(true);
    operation.finish(true);
    expect(registry.get('a')).toMatchObject({ errors: 1, inFlight: 0 });
  });

  it('gives out copies that do not change and cannot be changed', () => {
    const { registry } = registryWith();
    const before = registry.open('a', { plan: 'free' });
    registry.begin('a');
    expect(before.operations).toBe(0);
    expect(Object.isFrozen(before) && Object.isFrozen(before.metadata)).toBe(true);
  });

  it('lists the open sessions', () => {
    const { registry } = registryWith();
    registry.open('a');
    registry.open('b');
    expect(registry.list().map(({ id }) => id)).toEqual(['a', 'b']);
    expect(registry.size).toBe(2);
  });

  it('does not take a question for activity', () => {
    const { registry, clock } = registryWith({ ttlMs: 10, sweepIntervalMs: 0 });
    registry.open('a');
    clock.advance(6);
    registry.get('a');
    registry.list();
    clock.advance(6);
    expect(registry.get('a')).toBeUndefined();
  });
});

describe('metadata', () => {
  it('merges key by key, replaces nested values whole, and removes what is undefined', () => {
    const { registry } = registryWith();
    registry.open('a', { plan: 'free', tags: { x: 1 }, region: 'eu' });
    const { metadata } = registry.open('a', { tags: { y: 2 }, region: undefined });
    expect(metadata).toEqual({ plan: 'free', tags: { y: 2 } });
  });

  it('keeps that of an open session when a call begins', () => {
    const { registry } = registryWith();
    registry.open('a', { plan: 'free' });
    expect(registry.begin('a', { plan: 'paid' }).session).toEqual({ id: 'a', metadata: { plan: 'free' } });
  });

  it('gives a session that begins with a call what the call says', () => {
    const { registry } = registryWith();
    expect(registry.begin('a', { plan: 'paid' }).session.metadata).toEqual({ plan: 'paid' });
  });

  it('cannot set a prototype', () => {
    const { registry } = registryWith();
    const { metadata } = registry.open('a', JSON.parse('{"__proto__": {"admin": true}}') as never);
    expect((metadata as { admin?: boolean }).admin).toBeUndefined();
  });

  it.each([[[]], ['text'], [new Date(0)], [null]])('refuses %j', (value) => {
    const { registry } = registryWith();
    expect(codeOf(() => registry.open('a', value as never))).toBe('invalid-arguments');
    expect(registry.size).toBe(0);
  });
});

describe('the end of a session', () => {
  it('comes on access when nothing happened for ttlMs, and the id begins anew', () => {
    const { registry, clock, ended } = registryWith({ ttlMs: 100, sweepIntervalMs: 0 });
    registry.begin('a').finish(false);
    clock.advance(99);
    expect(registry.get('a')).toBeDefined();
    clock.advance(1);
    expect(registry.get('a')).toBeUndefined();
    expect(ended).toEqual(['a expired']);
    registry.begin('a').finish(false);
    expect(registry.get('a')).toMatchObject({ operations: 1, startedAt: 1_100 });
  });

  it('comes by sweep without anybody asking', () => {
    const { registry, clock, ended } = registryWith({ ttlMs: 100, sweepIntervalMs: 40 });
    registry.open('a');
    clock.advance(80);
    expect(ended).toEqual([]);
    clock.advance(40);
    expect(ended).toEqual(['a expired']);
    expect(registry.size).toBe(0);
  });

  it('does not come while a call is in flight', () => {
    const { registry, clock } = registryWith({ ttlMs: 100, sweepIntervalMs: 40 });
    const operation = registry.begin('a');
    clock.advance(1_000);
    expect(registry.get('a')).toMatchObject({ inFlight: 1 });
    operation.finish(false);
    clock.advance(99);
    expect(registry.get('a')).toBeDefined();
    clock.advance(1);
    expect(registry.get('a')).toBeUndefined();
  });

  it('comes with the last call where ttlMs is 0, and never where it is Infinity', () => {
    const short = registryWith({ ttlMs: 0 }).registry;
    const operation = short.begin('a');
    expect(short.get('a')).toBeDefined();
    operation.finish(false);
    expect(short.get('a')).toBeUndefined();

    const { registry, clock } = registryWith({ ttlMs: Infinity, sweepIntervalMs: 0 });
    registry.open('a');
    clock.advance(1e12);
    expect(registry.get('a')).toBeDefined();
  });

  it('comes when it is ended, once', () => {
    const { registry, ended } = registryWith();
    registry.open('a');
    expect(registry.end('a')).toBe(true);
    expect(registry.end('a')).toBe(false);
    expect(ended).toEqual(['a ended']);
  });

  it('tells onLeak of those alone that expired, and where they were opened', () => {
    const leaks: [string, string][] = [];
    const { registry, clock, ended } = registryWith({
      ttlMs: 10,
      onLeak: ({ id }, stack) => leaks.push([id, stack]),
    });
    function forgetful(): void {
      registry.open('opened');
      registry.begin('called').finish(false);
    }
    forgetful();
    registry.open('ended');
    registry.end('ended');
    clock.advance(10);
    registry.list();
    expect(leaks.map(([id]) => id)).toEqual(['opened', 'called']);
    for (const [, stack] of leaks) expect(stack).toMatch(/^ {4}at forgetful \(/);
    expect(ended).toEqual(['ended ended', 'opened expired', 'called expired']);
  });

  it('comes whatever onEnd throws, which is reported and keeps nobody else', () => {
    const told: string[] = [];
    const { registry, clock } = registryWith({
      ttlMs: 100,
      sweepIntervalMs: 100,
      onEnd({ id }) {
        told.push(id);
        throw new Error(`mine of ${id}`);
      },
    });
    const scheduled = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => undefined);
    for (const id of ['a', 'b', 'c']) registry.open(id);
    expect(registry.end('b')).toBe(true);
    expect(registry.get('b')).toBeUndefined();
    clock.advance(100);
    const rethrows = scheduled.mock.calls.map(([rethrow]) => rethrow);
    scheduled.mockRestore();
    expect(told).toEqual(['b', 'a', 'c']);
    expect([registry.size, clock.timers]).toEqual([0, 0]);
    expect(rethrows).toHaveLength(3);
    expect(rethrows[0]).toThrow('mine of b');
  });

  it('leaves the new session of an id alone when a call of the old one ends', () => {
    const { registry } = registryWith();
    const old = registry.begin('a');
    registry.end('a');
    registry.begin('a');
    old.finish(true);
    expect(registry.get('a')).toMatchObject({ operations: 1, errors: 0, inFlight: 1 });
  });
});

describe('the limit', () => {
  it('refuses only new ids', () => {
    const { registry } = registryWith({ maxSessions: 2 });
    registry.open('a');
    registry.open('b');
    expect(codeOf(() => registry.open('c'))).toBe('session-limit');
    expect(codeOf(() => registry.begin('c'))).toBe('session-limit');
    expect(codeOf(() => registry.begin('a'))).toBeUndefined();
    registry.end('b');
    expect(codeOf(() => registry.begin('c'))).toBeUndefined();
  });

  it('makes room of what has expired before it refuses', () => {
    const { registry, clock } = registryWith({ maxSessions: 2, ttlMs: 100, sweepIntervalMs: 0 });
    registry.open('a');
    clock.advance(60);
    registry.open('b');
    expect(codeOf(() => registry.open('c'))).toBe('session-limit');
    clock.advance(40);
    expect(codeOf(() => registry.open('c'))).toBeUndefined();
    expect(registry.list().map(({ id }) => id)).toEqual(['b', 'c']);
  });

  it('does not look at every session for each new id that it refuses', () => {
    const store = memoryStore();
    let looks = 0;
    const { registry } = registryWith({
      maxSessions: 100,
      store: Object.assign(Object.create(store) as typeof store, {
        values: () => {
          looks += 1;
          return store.values();
        },
      }),
    });
    for (let i = 0; i < 100; i += 1) registry.open(`session-${i}`);
    for (let i = 0; i < 1_000; i += 1) codeOf(() => registry.open(`new-${i}`));
    expect(looks).toBe(1);
  });

  it('lets nobody in at 0', () => {
    const { registry } = registryWith({ maxSessions: 0 });
    expect(codeOf(() => registry.open('a'))).toBe('session-limit');
  });
});

describe('the timer', () => {
  it('runs only while there are sessions', () => {
    const { registry, clock } = registryWith({ ttlMs: 100, sweepIntervalMs: 50 });
    expect(clock.timers).toBe(0);
    registry.open('a');
    registry.open('b');
    expect(clock.timers).toBe(1);
    clock.advance(200);
    expect(clock.timers).toBe(0);
    registry.open('a');
    expect(clock.timers).toBe(1);
    registry.close();
    registry.close();
    expect(clock.timers).toBe(0);
    expect(registry.size).toBe(0);
  });

  it('is done for whoever asks how many there are, and once for each that expires', () => {
    const { registry, clock, ended } = registryWith({ ttlMs: 100, sweepIntervalMs: 0 });
    registry.open('a');
    clock.advance(50);
    const call = registry.begin('b');
    expect(registry.size).toBe(2);
    clock.advance(50);
    expect(registry.size).toBe(1);
    clock.advance(1_000);
    expect(registry.size).toBe(1);
    call.finish(false);
    clock.advance(100);
    expect([registry.size, ended]).toEqual([0, ['a expired', 'b expired']]);
  });

  it('ends, though whoever hears of an end begins the session again', () => {
    let ended = 0;
    const { registry } = registryWith({
      ttlMs: 0,
      onEnd({ id }) {
        ended += 1;
        if (ended < 50) registry.open(id);
      },
    });
    registry.open('a');
    expect(registry.list()).toHaveLength(1);
    expect(ended).toBe(1);
  });

  it('does not run at sweepIntervalMs 0', () => {
    const { registry, clock } = registryWith({ sweepIntervalMs: 0 });
    registry.open('a');
    expect(clock.timers).toBe(0);
  });
});

describe('wrong use', () => {
  it('is refused for unknown and wrong options', () => {
    expect(codeOf(() => createSessionRegistry({ ttl: 5 } as never))).toBe('invalid-options');
    expect(codeOf(() => createSessionRegistry({ ttlMs: -1 }))).toBe('invalid-options');
    expect(codeOf(() => createSessionRegistry({ maxSessions: 1.5 }))).toBe('invalid-options');
    expect(codeOf(() => createSessionRegistry({ sweepIntervalMs: NaN }))).toBe('invalid-options');
  });

  it.each([[''], [42], [undefined]])('is refused for %j as an id', (id) => {
    const { registry } = registryWith();
    expect(codeOf(() => registry.open(id as string))).toBe('invalid-arguments');
    expect(codeOf(() => registry.begin(id as string))).toBe('invalid-arguments');
    expect(codeOf(() => registry.get(id as string))).toBe('invalid-arguments');
  });
});
