import { expect, it } from 'vitest';

import { findOptionsError, type PoolCallOptions } from './call-options.js';

it('takes undefined for what was left out, whatever its name', () => {
  const options: PoolCallOptions = { timeoutMs: undefined, signal: undefined, idempotent: undefined };
  expect(findOptionsError(options, false)).toBeUndefined();
  expect(findOptionsError({ foo: undefined } as PoolCallOptions, false)).toBeUndefined();
});

it('refuses an unknown option that has a value', () => {
  for (const foo of [null, 0, false, 1]) {
    expect(findOptionsError({ foo } as PoolCallOptions, false)).toMatchObject({
      code: 'invalid-options',
      context: { option: 'foo' },
    });
  }
});

it('says what was given in the place of options', () => {
  const error = findOptionsError(null as unknown as PoolCallOptions, false);
  expect(error?.message).toContain('Call options: they are a plain object, or left out, and not null.');
});

it('takes any view of memory to read the result into, and nothing else', () => {
  for (const into of [new Uint8Array(1), Buffer.alloc(1), new DataView(new ArrayBuffer(1))]) {
    expect(findOptionsError({ into }, false)).toBeUndefined();
  }
  for (const into of [null, 8, [1], new ArrayBuffer(8)]) {
    expect(findOptionsError({ into } as unknown as PoolCallOptions, false)).toMatchObject({
      code: 'invalid-options',
      context: { option: 'into' },
    });
  }
});
