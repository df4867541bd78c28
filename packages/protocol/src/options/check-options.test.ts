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
    [{ ttlMs: '5' }, 'ttlMs: expected number, got "5"'],
    [{ ttlMs: -1 }, 'ttlMs: expected number to be >=0, got -1'],
    [{ ttlMs: NaN }, 'ttlMs: expected number, got NaN'],
    [{ size: ['x'] }, 'size: expected a whole number, got an array'],
    [{ store: () => 1 }, 'store: expected an object with get(), set(), got a function'],
    [{ store: { get: () => 1, set: 1 } }, 'store: expected an object with get(), set(), got an object'],
    [{ limits: { maxBytes: {} } }, 'limits.maxBytes: expected number, got an object'],
    [{ ttlMs: 'x'.repeat(1000) }, `ttlMs: expected number, got "${'x'.repeat(60)}..."`],
    [{ ttl: 5 }, 'ttl: there is no such option (did you mean ttlMs?)'],
    [{ szie: 5 }, 'szie: there is no such option (did you mean size?)'],
    [{ colour: 5 }, 'colour: there is no such option (there are ttlMs, size, store, limits)'],
    [{ limits: { maxBytes: 1, x: 1 } }, 'limits.x: there is no such option'],
    [
      { ttlMs: true, colr: 1, STORE: 1 },
      'ttlMs: expected number, got true; colr: there is no such option (there are ttlMs, size, store, limits); ' +
        'STORE: there is no such option (did you mean store?)',
    ],
  ])('says of %j what is wrong', (options, message) => {
    expect(messageOf(options)).toBe(`Invalid options of the test: ${message}.`);
  });
});
