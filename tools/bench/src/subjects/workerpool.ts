import workerpoolModule from 'workerpool';

import { programFile } from '../machine/python.js';
import { PAYLOAD, timedCalls, WORKERS } from './subject.js';
import type { RunningSubject, Subject } from './subject.js';

/** A pool of Node processes over Node's own IPC. */
export function workerpool(): Subject {
  return {
    name: 'workerpool (processes)',
    async start(): Promise<RunningSubject> {
      const pool = workerpoolModule.pool(programFile('workerpool-echo.mjs'), {
        workerType: 'process',
        minWorkers: WORKERS,
        maxWorkers: WORKERS,
      });
      const echo = async (): Promise<unknown> => pool.exec('echo', [PAYLOAD]);
      await Promise.all(Array.from({ length: WORKERS }, echo));
      return {
        calls: (count) => timedCalls(echo, count),
        async close() {
          await pool.terminate(true);
        },
      };
    },
  };
}
