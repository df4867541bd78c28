import { describe, expect, it } from 'vitest';
import { callInputs } from './call-inputs.js';

async function* rows(): AsyncGenerator<number> {
  await Promise.resolve();
  yield 1;
}

describe('the inputs of a call', () => {
  it.each([
    ['no arguments', undefined],
    ['values', [1, 'a', null, [1], new Set([1]), new Map(), new Uint8Array(2), { a: 1 }]],
    ['keywords', { a: [1], b: 'text' }],
    ['both', { args: [1], kwargs: { a: 1 } }],
    ['what is inside values', [[rows()], { a: rows() }]],
    ['arguments of another kind', 'text'],
  ])('are none among %s', (_, args) => {
    expect(callInputs(args)).toBeUndefined();
  });

  it('are async iterables and iterators, wherever they stand', () => {
    const [one, other] = [rows(), [1].values()];
    const found = callInputs([0, one, other]);
    expect(found).toMatchObject({ args: [0, null, null], places: [1, 2] });
    expect(found?.sources[0]).toBe(one);
    expect(found?.sources[1]).toBe(other);
    expect(callInputs({ a: 1, b: one })).toMatchObject({ args: { a: 1, b: null }, places: ['b'] });
    expect(callInputs({ args: [one], kwargs: { a: other } })).toMatchObject({
      args: { args: [null], kwargs: { a: null } },
      places: [0, 'a'],
    });
  });
});
