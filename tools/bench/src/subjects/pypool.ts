import { createPythonPool, type PythonPool } from 'pypool';

import { programFile, PYTHON } from '../machine/python.js';
import { PAYLOAD, timedCalls, WORKERS } from './subject.js';
import type { RunningSubject, Subject } from './subject.js';

/** Attaches something to a pool, and says what takes it off again. */
export type Attach = (pool: PythonPool) => () => Promise<void>;

/** What all this is about, with every limit and timeout at its default. @param attach what looks at it; nothing unless given */
export function pypool(name = 'pypool', attach?: Attach): Subject {
  return {
    name,
    async start(): Promise<RunningSubject> {
      const pool = await createPythonPool({
        module: programFile('pypool_echo.py'),
        python: PYTHON,
        size: WORKERS,
        minReady: WORKERS,
        overflow: 0,
      });
      const detach = attach?.(pool);
      return {
        calls: (count) => timedCalls(() => pool.call('echo', [PAYLOAD]), count),
        async close() {
          await detach?.();
          await pool.close({ timeoutMs: 3_000 });
        },
      };
    },
  };
}
