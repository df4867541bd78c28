import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isPypoolError } from '../errors/error.js';
import { checkOptions } from './check-options.js';
import { implementing } from './implementing.js';

const schema = z.strictObject({
  ttlMs: z.number().min(0).optional(),
  size: z.union([z.int(), z.literal(Infinity)], { error: 'expected a whole number' }).optional(),
  store: z.custom(...implementing('get', 'set')).optional(),
  limits: z.strictObject({ maxBytes: z.int() }).optional(),
  waitMs: z.number().min(0).or(z.literal(Infinity)).optional(),
  most: z.int().min(1).or(z.literal(Infinity)).optional(),
  either: z.union([z.strictObject({ a: z.string() }), z.array(z.string())]).optional(),
});

/** What is said of options. */
function messageOf(options: unknown): string | undefined {
  try {
    checkOptions('the test', schema, options as object);
  } catch (error) {
    return isPypoolError(error) && error.code === 'invalid-options' ? error.message : String(error);
  }
  return undefined;
}

describe('checkOptions', () => {
  it('gives good options back, frozen', () => {
    const options = { ttlMs: 0, limits: { maxBytes: 1 } };
    expect(checkOptions('the test', schema, options)).toEqual(options);
    expect(Object.isFrozen(checkOptions('the test', schema, options))).toBe(true);
  });

  it.each([
    [undefined, 'expected object, got undefined'],
    [null, 'expected object, got null'],
    [{ ttlMs: '5' }, 'ttlMs: expected number of milliseconds, got "5"'],
    [{ ttlMs: -1 }, 'ttlMs: expected number of milliseconds to be >=0, got -1'],
    [{ ttlMs: NaN }, 'ttlMs: expected number of milliseconds, got NaN'],
    [{ size: ['x'] }, 'size: expected a whole number, got an array'],
    [{ store: () => 1 }, 'store: expected an object with get(), set(), got a function'],
    [{ store: { get: () => 1, set: 1 } }, 'store: expected an object with get(), set(), got an object'],
    [{ limits: { maxBytes: {} } }, 'limits.maxBytes: expected number of bytes, got an object'],
    [{ ttlMs: 'x'.repeat(1000) }, `ttlMs: expected number of milliseconds, got "${'x'.repeat(60)}..."`],
    [{ limits: { maxBytes: 1.5 } }, 'limits.maxBytes: expected int of bytes, got 1.5'],
    [{ waitMs: 'x' }, 'waitMs: expected number of milliseconds or Infinity, got "x"'],
    [{ waitMs: NaN }, 'waitMs: expected number of milliseconds or Infinity, got NaN'],
    [{ waitMs: -1 }, 'waitMs: expected number of milliseconds to be >=0, got -1'],
    [{ most: null }, 'most: expected number or Infinity, got null'],
    [{ either: 5 }, 'either: expected object or array, got 5'],
    [{ ttl: 5 }, 'ttl: there is no such option (did you mean ttlMs, in milliseconds?)'],
    [{ szie: 5 }, 'szie: there is no such option (did you mean size?)'],
    [
      { colour: 5 },
      'colour: there is no such option (there are ttlMs, size, store, limits, waitMs, most, either)',
    ],
    [{ limits: { maxBytes: 1, x: 1 } }, 'limits.x: there is no such option (there are maxBytes)'],
    [
      { limits: { maxByte: 1 } },
      'limits.maxBytes: expected number of bytes, got undefined; limits.maxByte: there is no such option (did you mean maxBytes, in bytes?)',
    ],
    [
      { ttlMs: true, colr: 1, STORE: 1 },
      'ttlMs: expected number of milliseconds, got true; colr: there is no such option (there are ttlMs, size, store, limits, waitMs, most, either); ' +
        'STORE: there is no such option (did you mean store?)',
    ],
  ])('says of %j what is wrong', (options, message) => {
    expect(messageOf(options)).toBe(`Invalid options of the test: ${message}.`);
  });
});
