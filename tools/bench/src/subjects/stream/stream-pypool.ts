import { createPythonPool } from 'pypool';

import { programFile, PYTHON } from '../../machine/python.js';
import type { RunningSubject, Subject } from '../subject.js';

/** One stream of numbers at a time, whose consumer does nothing but count. A block's figure is its time for one item. */
export function streamPypool(): Subject {
  return {
    name: 'pypool',
    async start(): Promise<RunningSubject> {
      const pool = await createPythonPool({
        module: programFile('items.py'),
        python: PYTHON,
        size: 1,
        overflow: 0,
      });
      return {
        async calls(count) {
          const before = performance.now();
          let expected = 0;
          for await (const item of pool.stream<number>('count', [count])) {
            if (item !== expected++) throw new Error(`Expected item ${expected - 1}, got ${item}.`);
          }
          if (expected !== count) throw new Error(`Expected ${count} items, got ${expected}.`);
          return [((performance.now() - before) * 1000) / count];
        },
        close: () => pool.close({ timeoutMs: 3_000 }),
      };
    },
  };
}
