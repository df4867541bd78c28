import { describe, expect, it } from 'vitest';

import { fair } from '../strategies/fair.js';
import { FakeFactory } from '../test-support/fake-worker.js';
import { resolveCloseOptions } from './close-options.js';
import type { PoolOptions } from './pool-options.js';
import { resolvePoolOptions } from './resolve-options.js';

const factory = new FakeFactory();

describe('resolveCloseOptions', () => {
  it.each([null, 5])('refuses %s for an object', (options) => {
    expect(() => resolveCloseOptions(options as never, 1)).toThrow(
      expect.objectContaining({ code: 'invalid-options' }),
    );
  });
});

describe('resolvePoolOptions', () => {
  it('fills in the documented defaults and freezes them', () => {
    const options = resolvePoolOptions({ factory, size: 4 });
    expect(options).toMatchObject({
      name: 'pool',
      overflow: 2,
      idleTimeoutMs: 30_000,
      start: 'eager',
      minReady: 1,
      maxQueue: 1000,
      prefetch: { maxCalls: 64, maxBytes: 65_536, takeBackAfterMs: 10 },
      timeoutMs: 60_000,
      checkoutTimeoutMs: 10_000,
      executionTimeoutMs: 45_000,
      itemTimeoutMs: Infinity,
      startTimeoutMs: 120_000,
      maxAttempts: 3,
      startConcurrency: 8,
      maxCalls: Infinity,
      closeTimeoutMs: 10_000,
    });
    expect(options.selection.name).toBe('least-busy');
    expect(options.queue.name).toBe('fifo');
    expect(Object.isFrozen(options)).toBe(true);
  });

  it('sends nothing ahead where that is switched off, and takes each of its limits by itself', () => {
    expect(resolvePoolOptions({ factory, size: 1, prefetch: false }).prefetch).toBe(false);
    const { prefetch } = resolvePoolOptions({ factory, size: 1, prefetch: { maxBytes: Infinity } });
    expect(prefetch).toEqual({ maxCalls: 64, maxBytes: Infinity, takeBackAfterMs: 10 });
    expect(() => resolvePoolOptions({ factory, size: 1, prefetch: { maxCalls: 0 } })).toThrow(
      'prefetch.maxCalls',
    );
  });

  it('takes undefined for what was left out', () => {
    expect(resolvePoolOptions({ factory, size: 1, start: undefined as never }).start).toBe('eager');
  });

  it('takes 0 and Infinity where they mean something', () => {
    const edges = {
      overflow: 0,
      idleTimeoutMs: 0,
      minReady: 0,
      maxQueue: 0,
      closeTimeoutMs: 0,
      checkoutTimeoutMs: 0,
    };
    expect(resolvePoolOptions({ factory, size: 1, ...edges })).toMatchObject(edges);
    const endless = {
      maxQueue: Infinity,
      timeoutMs: Infinity,
      startTimeoutMs: Infinity,
      startConcurrency: Infinity,
    };
    expect(resolvePoolOptions({ factory, size: 1, ...endless })).toMatchObject(endless);
  });

  it.each<[string, Partial<PoolOptions> & Record<string, unknown>]>([
    ['sizes', { sizes: 3 }],
    ['size', { size: -1 }],
    ['size', { size: 1.5 }],
    ['size', { size: Infinity }],
    ['overflow', { size: 0, overflow: 0 }],
    ['minReady', { size: 1, overflow: 0, minReady: 2 }],
    ['maxQueue', { maxQueue: -1 }],
    ['timeoutMs', { timeoutMs: NaN }],
    ['startTimeoutMs', { startTimeoutMs: 0 }],
    ['maxAttempts', { maxAttempts: 0 }],
    ['start', { start: 'soon' as never }],
    ['factory', { factory: {} as never }],
    ['selection', { selection: 'least-busy' as never }],
  ])('S04 names %s when it is wrong', (option, wrong) => {
    expect(() => resolvePoolOptions({ factory, size: 2, ...wrong })).toThrowError(
      expect.objectContaining({ code: 'invalid-options', message: expect.stringContaining(option) }),
    );
  });

  it('says what was given, what is expected, and what an unknown option may have been meant to be', () => {
    const wrong = { factory, sise: 2, size: 'two', clock: {}, timeoutMs: -1 };
    expect(() => resolvePoolOptions(wrong as never)).toThrowError(
      'Invalid options of the pool: size: expected number, got "two"; timeoutMs: expected number of milliseconds to be >=0, got -1; ' +
        'clock: expected an object with now(), epochMs(), after(), afterInput(), hold(), got an object; ' +
        'sise: there is no such option (did you mean size?).',
    );
  });

  it.each<[unknown, string]>([
    [undefined, 'expected object, got undefined'],
    [{}, 'by: expected a function of the call, got undefined'],
    [{ by: 'tenant' }, 'by: expected a function of the call, got "tenant"'],
    [{ by: () => 0, limt: 1 }, 'limt: there is no such option (did you mean limit?)'],
    ...[0, -1, 1.5, NaN].map((limit) => [{ by: () => 0, limit }, `, got ${limit}`] as [unknown, string]),
  ])('refuses fair(%j)', (options, message) => {
    expect(() => fair(options as never)).toThrowError(
      expect.objectContaining({ code: 'invalid-options', message: expect.stringContaining(message) }),
    );
  });
});
