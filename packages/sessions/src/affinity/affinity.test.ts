import type { SelectableCall, SelectableWorker } from '@pypool/pool';
import { isPypoolError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';

import type { Affinity } from './affinity.js';
import { isAffinity } from './affinity.js';
import { hint } from './hint.js';
import { strictFailFast } from './strict-fail-fast.js';
import { strictQueue } from './strict-queue.js';

/** Workers as a pool shows them, by name: a trailing `*` means busy, a `+` before it above the pool's size. */
function workers(...names: readonly string[]): SelectableWorker[] {
  return names.map((name, slot) => ({
    id: name.replace(/\+?\*?$/, ''),
    slot,
    inFlight: name.endsWith('*') ? 1 : 0,
    concurrency: 1,
    calls: 0,
    lastCall: slot,
    overflow: /\+\*?$/.test(name),
  }));
}

function callOf(sessionId?: string): SelectableCall {
  return {
    kind: 'call',
    name: 'f',
    meta: sessionId === undefined ? undefined : { session: { id: sessionId } },
    attempts: 0,
  };
}

/** The id of the chosen worker, `'queued'`, or the code of the error. */
function choice(affinity: Affinity, sessionId: string | undefined, ...names: readonly string[]): string {
  try {
    return affinity.select(callOf(sessionId), workers(...names))?.id ?? 'queued';
  } catch (error) {
    return isPypoolError(error) ? error.code : String(error);
  }
}

describe.each([
  ['hint', hint],
  ['strict-queue', strictQueue],
  ['strict-fail-fast', strictFailFast],
])('%s', (name, create) => {
  it('goes by its name and is known as an affinity', () => {
    expect(create().name).toBe(name);
    expect(isAffinity(create())).toBe(true);
    expect(isAffinity({ name: 'other', select: () => null })).toBe(false);
  });

  it('serves a session by the same worker while that is free', () => {
    const affinity = create();
    expect(choice(affinity, 's', 'a*', 'b')).toBe('b');
    expect(choice(affinity, 's', 'a', 'b')).toBe('b');
    expect(choice(affinity, 's', 'a', 'b')).toBe('b');
  });

  it('binds a first call that was queued when its turn comes', () => {
    const affinity = create();
    expect(choice(affinity, 's', 'a*', 'b*')).toBe('queued');
    expect(affinity.bindings).toBe(0);
    expect(choice(affinity, 's', 'a*', 'b')).toBe('b');
    expect(choice(affinity, 's', 'a', 'b')).toBe('b');
  });

  it('does not bind calls without a session', () => {
    const affinity = create();
    expect(choice(affinity, undefined, 'a*', 'b')).toBe('b');
    expect(affinity.bindings).toBe(0);
  });

  it('binds anew once it is told to release a session', () => {
    const affinity = create();
    choice(affinity, 's', 'a*', 'b');
    affinity.release('s');
    expect(choice(affinity, 's', 'a', 'b*')).toBe('a');
  });

  it('remembers no more sessions than it may, and forgets the one that rested longest', () => {
    const affinity = create({ maxBindings: 2 });
    choice(affinity, 's1', 'a*', 'b');
    choice(affinity, 's2', 'a*', 'b');
    choice(affinity, 's1', 'a', 'b');
    choice(affinity, 's3', 'a*', 'b');
    expect(affinity.bindings).toBe(2);
    expect(choice(affinity, 's1', 'a', 'b')).toBe('b');
    expect(choice(affinity, 's2', 'a', 'b*')).toBe('a');
  });

  it('selects a first worker as it is told to', () => {
    const affinity = create({ otherwise: { name: 'last', select: (_, all) => all.at(-1) ?? null } });
    expect(choice(affinity, 's', 'a', 'b', 'c')).toBe('c');
  });

  it('refuses unknown and wrong options', () => {
    for (const options of [{ max: 1 }, { maxBindings: 0 }, { otherwise: {} }]) {
      expect(() => create(options as never)).toThrowError(
        expect.objectContaining({ code: 'invalid-options' }),
      );
    }
  });
});

describe('hint', () => {
  it('lets another worker serve while the usual one is busy, and comes back', () => {
    const affinity = hint();
    choice(affinity, 's', 'a', 'b*');
    expect(choice(affinity, 's', 'a*', 'b')).toBe('b');
    expect(choice(affinity, 's', 'a*', 'b*')).toBe('queued');
    expect(choice(affinity, 's', 'a', 'b')).toBe('a');
  });

  it('binds anew without a word when the worker is gone', () => {
    const affinity = hint();
    choice(affinity, 's', 'a', 'b*');
    expect(choice(affinity, 's', 'b*', 'c')).toBe('c');
    expect(choice(affinity, 's', 'b', 'c')).toBe('c');
  });
});

describe('strict-queue', () => {
  it('waits for the bound worker even while others are free', () => {
    const affinity = strictQueue();
    choice(affinity, 's', 'a', 'b*');
    expect(choice(affinity, 's', 'a*', 'b')).toBe('a');
  });
});

describe('strict-fail-fast', () => {
  it('rejects while the bound worker is busy, and still is bound to it', () => {
    const affinity = strictFailFast();
    choice(affinity, 's', 'a', 'b*');
    expect(choice(affinity, 's', 'a*', 'b')).toBe('session-busy');
    expect(choice(affinity, 's', 'a*', 'b*')).toBe('session-busy');
    expect(choice(affinity, 's', 'a', 'b')).toBe('a');
  });
});

describe.each([
  ['strict-queue', strictQueue],
  ['strict-fail-fast', strictFailFast],
])('%s, when the bound worker is gone', (_, create) => {
  it('tells one call so and binds the next one anew', () => {
    const affinity = create();
    choice(affinity, 's', 'a', 'b*');
    expect(choice(affinity, 's', 'b', 'c*')).toBe('session-lost');
    expect(choice(affinity, 's', 'b', 'c*')).toBe('b');
    expect(choice(affinity, 's', 'b', 'c')).toBe('b');
  });

  it('tells each session by itself', () => {
    const affinity = create();
    choice(affinity, 's1', 'a', 'b*');
    choice(affinity, 's2', 'a', 'b*');
    expect(choice(affinity, 's1', 'b')).toBe('session-lost');
    expect(choice(affinity, 's2', 'b')).toBe('session-lost');
    expect(choice(affinity, 's1', 'b')).toBe('b');
  });
});

describe.each([
  ['strict-queue', strictQueue],
  ['strict-fail-fast', strictFailFast],
])('the worker that %s binds a session to', (_, create) => {
  it('is a steady one while one is free, whatever selects, and an overflow one otherwise', () => {
    const affinity = create({ otherwise: { name: 'last', select: (_, all) => all.at(-1) ?? null } });
    expect(choice(affinity, 's1', 'a*', 'b', 'c+')).toBe('b');
    expect(choice(affinity, 's2', 'a', 'b', 'c+')).toBe('b');
    expect(choice(affinity, 's3', 'a*', 'b*', 'c+', 'd+')).toBe('d');
    expect(choice(affinity, 's3', 'a', 'b', 'c+', 'd+')).toBe('d');
    expect(choice(affinity, undefined, 'a', 'b', 'c+')).toBe('c');
  });
});
