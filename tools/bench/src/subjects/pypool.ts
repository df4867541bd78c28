import { createPythonPool } from 'pypool';

import { programFile, PYTHON } from '../machine/python.js';
import { PAYLOAD, timedCalls, WORKERS } from './subject.js';
import type { RunningSubject, Subject } from './subject.js';

/** What all this is about, with every limit and timeout at its default. */
export function pypool(): Subject {
  return {
    name: 'pypool',
    async start(): Promise<RunningSubject> {
      const pool = await createPythonPool({
        module: programFile('pypool_echo.py'),
        python: PYTHON,
        size: WORKERS,
        minReady: WORKERS,
        overflow: 0,
      });
      return {
        calls: (count) => timedCalls(() => pool.call('echo', [PAYLOAD]), count),
        close: () => pool.close({ timeoutMs: 3_000 }),
      };
    },
  };
}
