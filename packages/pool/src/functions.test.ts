import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { functionsOf } from './functions.js';

describe('functionsOf', () => {
  it('calls by dotted name, and makes no call where it is only printed', async () => {
    const names: string[] = [];
    const call = <T>(name: string): Promise<T> => {
      names.push(name);
      return Promise.resolve(name as T);
    };
    const functions = functionsOf<{ text: { embed(text: string): string } }>({ call });
    for (const printed of [functions, functions.text]) {
      JSON.stringify(printed);
      JSON.stringify({ printed });
      inspect(printed);
      const { toString, valueOf } = printed as unknown as { toString(): string; valueOf(): unknown };
      expect(toString()).toContain('[functions ');
      expect(String(valueOf())).toContain('[functions ');
    }
    expect(names).toEqual([]);
    expect(await functions.text.embed('hello')).toBe('text.embed');
  });
});
