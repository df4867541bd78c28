import { describe, expect, it } from 'vitest';
import type { LiveParameter } from '../../../src/live/messages.js';
import { hintFor, readArguments } from './arguments.js';

function parameter(name: string, facts: Partial<LiveParameter> = {}): LiveParameter {
  return { name, kind: 'either', required: true, schema: {}, ...facts };
}

const name = parameter('name', { hint: 'str', schema: { type: 'string' } });
const limit = parameter('limit', {
  kind: 'keyword',
  required: false,
  hint: 'int',
  schema: { type: 'integer' },
  default: 10,
});
const nickname = parameter('nickname', {
  required: false,
  hint: 'str | None',
  schema: { anyOf: [{ type: 'string' }, { type: 'null' }] },
  default: null,
});
const rest = parameter('rest', { kind: 'rest', required: false });
const more = parameter('more', { kind: 'keywords', required: false });
const image = parameter('image', {
  hint: 'bytes',
  schema: { contentMediaType: 'application/octet-stream' },
});

describe('what was filled in', () => {
  it('is text where Python wants text, quotes and all, and JSON elsewhere', () => {
    expect(
      readArguments([name, limit, more], { name: '"5"', limit: '5', more: '{"deep": [1, null]}' }),
    ).toEqual({
      kind: 'json',
      values: { name: '"5"', limit: 5, deep: [1, null] },
    });
  });

  it('is either where Python wants text or something else', () => {
    const read = (nick: string) => readArguments([nickname], { nickname: nick });
    expect(read('Bo')).toEqual({ kind: 'json', values: { nickname: 'Bo' } });
    expect(read('null')).toEqual({ kind: 'json', values: { nickname: null } });
  });

  it('is left out where it is empty and need not be given; needed text may be empty', () => {
    expect(readArguments([name, limit, nickname], { limit: ' ' })).toEqual({
      kind: 'json',
      values: { name: '' },
    });
  });

  it('goes by position where there are further positions, which leave no place for names', () => {
    const given = { name: 'a', rest: '[1, 2]' };
    expect(readArguments([name, nickname, rest, limit], given)).toEqual({
      kind: 'json',
      values: ['a', null, 1, 2],
    });
    expect(readArguments([name, rest, limit], { ...given, limit: '5' })).toEqual({
      kind: 'wrong',
      problems: { limit: 'This cannot be sent along with rest.' },
    });
  });

  it('says of each field what is wrong with it', () => {
    const fields = [parameter('size'), limit, image, rest, more];
    expect(readArguments(fields, { limit: 'ten', rest: '{}', more: '[]' })).toEqual({
      kind: 'wrong',
      problems: {
        size: 'size is needed.',
        limit: 'This is not JSON. Text needs quotes: "ten"',
        image: 'image is needed.',
        rest: 'This is no array.',
        more: 'This is no object.',
      },
    });
  });

  it('is no number that JavaScript would send otherwise than it is written', () => {
    const read = (value: string) => readArguments([parameter('value')], { value });
    expect(read('[9007199254740992, "1152921504606846977"]').kind).toBe('json');
    expect(read('[1, 1152921504606846977]')).toEqual({
      kind: 'wrong',
      problems: { value: expect.stringContaining('would arrive rounded') as string },
    });
    expect(read('[1e308, 1e309]')).toEqual({
      kind: 'wrong',
      problems: {
        value:
          'value[1] is a number beyond 1.8e308 that would arrive as Infinity: send it as a text, in quotes.',
      },
    });
  });

  it('goes as bytes where a file was chosen', () => {
    const file = new File(['x'], 'x.png');
    expect(readArguments([image, limit], { image: file, limit: '3' })).toEqual({
      kind: 'bytes',
      body: file,
      values: { limit: 3 },
    });
  });

  it('is asked for in words', () => {
    expect([name, limit, nickname, more].map(hintFor)).toEqual([
      'str, text as it is',
      'int, empty: 10',
      'str | None, JSON, or else text as it is, empty: null',
      'a JSON object of further arguments by name',
    ]);
  });
});
