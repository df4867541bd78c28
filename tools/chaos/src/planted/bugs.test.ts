import ts from 'typescript';
import { describe, expect, it } from 'vitest';

import { MODEL_BUGS } from '../model/bugs.js';
import { BUGS } from './bugs.js';
import { withBug } from './plant.js';

describe('the bugs of the self-test', () => {
  const all = [
    ...BUGS.map((bug) => ['lab', bug] as const),
    ...MODEL_BUGS.map((bug) => ['model', bug] as const),
  ];
  it.each(all.map(([where, bug]) => [where, bug.name, bug] as const))(
    'find their place in the product as it is now: of the %s, %s',
    (_where, _name, bug) => {
      const { diagnostics } = ts.transpileModule(withBug(bug), { reportDiagnostics: true });
      expect(diagnostics).toEqual([]);
    },
  );

  it('say so where the product has changed under them', () => {
    const gone = { ...BUGS[0]!, find: 'no such text' };
    expect(() => withBug(gone)).toThrow(/cannot be planted: .* 0 times instead of once/);
  });
});
