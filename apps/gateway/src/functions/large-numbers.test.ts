import { describe, expect, it } from 'vitest';
import { findLargeNumber } from './find-large-number.js';
import { refuseLargeNumbers } from './large-numbers.js';

const refuse = (text: string, name?: string) => refuseLargeNumbers(text, JSON.parse(text), name);

describe('an integer that JSON.parse rounds', () => {
  it.each([
    ['{"value":9007199254740993}', 'value'],
    ['{"value": -9007199254740993 }', 'value'],
    ['{"value":1152921504606846977}', 'value'],
    ['[1,{"x":[2,9007199254740993]}]', '[1].x[1]'],
    ['{"a":{"b":1},"c":[[],{"d":"}","e\\"\\\\":\n10000000000000000000000}]}', 'c[1].e"\\'],
  ])('in %s is refused, and its place named', (text, field) => {
    expect(() => refuse(text)).toThrow(
      expect.objectContaining({
        status: 400,
        errors: [{ field, message: expect.stringContaining('beyond 2^53') }],
      }),
    );
  });

  it.each([
    ['{"value":1e400}', 'value'],
    ['[[1.5e+3], -1E999]', '[1]'],
  ])('or makes Infinity of is refused in %s', (text, field) => {
    expect(() => refuse(text)).toThrow(
      expect.objectContaining({
        status: 400,
        errors: [{ field, message: expect.stringContaining('would arrive as Infinity') }],
      }),
    );
  });

  it.each([
    '[1.7976931348623157e308, -1e308, 1e-400]',
    '{"value":9007199254740991}',
    '{"value":9007199254740992}',
    JSON.stringify({ float: 6.02e17, other: -(2 ** 60), largest: 123456789012345680000 }),
    '[-9007199254740991]',
    '[0.12345678901234567, 12345678901234567.5, 12345678901234567e3, 1E+20]',
    '{"text":"[9007199254740993]","\\\\ 9007199254740993 ":"\\", 9007199254740993,"}',
    '"9007199254740993"',
  ])('is not in %s', (text) => {
    expect(() => refuse(text)).not.toThrow();
    expect(findLargeNumber(text)).toBeUndefined();
  });

  it('is looked for in what is nested deeper than any call could follow', () => {
    const text = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(() => refuse(text)).not.toThrow();
    expect(findLargeNumber(text)).toBeUndefined();
  });

  it('is found in the value of one parameter as well', () => {
    expect(() => refuse('9007199254740993', 'width')).toThrow('width is an integer beyond');
    expect(() => refuse('[[9007199254740993]]', 'sizes')).toThrow('sizes[0][0] is an integer');
  });
});
