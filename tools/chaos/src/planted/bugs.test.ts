import ts from 'typescript';
import { describe, expect, it } from 'vitest';

import { BUGS, bugNamed, withBug } from './bugs.js';

describe('the bugs of the self-test', () => {
  it.each(BUGS.map(({ name }) => name))('find their place in the product as it is now: %s', (name) => {
    const { diagnostics } = ts.transpileModule(withBug(bugNamed(name)), { reportDiagnostics: true });
    expect(diagnostics).toEqual([]);
  });

  it('say so where the product has changed under them', () => {
    const gone = { ...BUGS[0]!, find: 'no such text' };
    expect(() => withBug(gone)).toThrow(/cannot be planted: .* 0 times instead of once/);
  });
});
