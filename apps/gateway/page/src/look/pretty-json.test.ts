import { expect, it } from 'vitest';
import { prettyJson } from './pretty-json.js';

it('lays JSON out as JSON.stringify does', () => {
  const values = [null, 'a "b" \\ [c], {d: e}', [], {}, [[]], { a: {}, b: [1, -2.5e-7, { c: [true] }] }, ''];
  for (const value of values) expect(prettyJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
});

it('leaves every number as it is written', () => {
  expect(prettyJson('{"big":1152921504606846977,"float":5.0}')).toBe(
    '{\n  "big": 1152921504606846977,\n  "float": 5.0\n}',
  );
});
