import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { Piscina } from 'piscina';
import { createPythonPool } from 'pypool';

import { programFile, PYTHON } from '../../machine/python.js';
import { reaped } from '../child.js';
import { WORKERS } from '../subject.js';
import type { RunningSubject, Subject } from '../subject.js';
import { busyCalls } from './busy.js';

/**
 * What all this is about, with every limit and timeout at its default.
 *
 * @param workers of which more than a few are forked: they are then up in seconds
 */
export function busyPypool(callers: number, workers = WORKERS): Subject {
  return {
    name: 'pypool',
    async start(): Promise<RunningSubject> {
      const pool = await createPythonPool({
        module: programFile('pypool_echo.py'),
        python: PYTHON,
        size: workers,
        minReady: workers,
        overflow: 0,
        ...(workers > WORKERS ? { launcher: 'fork' as const, startTimeoutMs: 600_000 } : {}),
      });
      return {
        calls: (count) => busyCalls((value) => pool.call('echo', [value]), count, callers),
        close: () => pool.close({ timeoutMs: 3_000 }),
      };
    },
  };
}

/** The pool of worker threads that most Node services use: no process, no Python, no second language. */
export function busyPiscina(callers: number): Subject {
  return {
    name: 'piscina (threads)',
    async start(): Promise<RunningSubject> {
      const pool = new Piscina({
        filename: programFile('piscina-echo.mjs'),
        minThreads: WORKERS,
        maxThreads: WORKERS,
        idleTimeout: Infinity,
      });
      const echo = (value: unknown): Promise<unknown> => pool.run(value) as Promise<unknown>;
      await busyCalls(echo, WORKERS, WORKERS);
      return {
        calls: (count) => busyCalls(echo, count, callers),
        close: () => pool.destroy(),
      };
    },
  };
}

/** Python's own pool of processes, driven by a Python process that takes the time itself. */
export function busyProcessPoolExecutor(callers: number): Subject {
  return {
    name: 'ProcessPoolExecutor',
    async start(): Promise<RunningSubject> {
      const child = spawn(PYTHON, ['-u', programFile('process_pool_callers.py'), String(WORKERS)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const block = async (count: number): Promise<readonly number[]> => {
        child.stdin.write(`${count} ${callers}\n`);
        const line = await lines.next();
        if (line.done === true) throw new Error('The Python process that drives ProcessPoolExecutor ended.');
        return [(Number(line.value) * 1e6) / count];
      };
      await block(4 * WORKERS);
      return {
        calls: block,
        drivers: [child.pid!],
        async close() {
          child.stdin.end();
          await reaped(child);
        },
      };
    },
  };
}
