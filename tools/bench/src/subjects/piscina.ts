import { Piscina } from 'piscina';

import { programFile } from '../machine/python.js';
import { PAYLOAD, timedCalls, WORKERS } from './subject.js';
import type { RunningSubject, Subject } from './subject.js';

/** The pool of worker threads that most Node services use: no process, no Python, no second language. */
export function piscina(): Subject {
  return {
    name: 'piscina (threads)',
    async start(): Promise<RunningSubject> {
      const pool = new Piscina({
        filename: programFile('piscina-echo.mjs'),
        minThreads: WORKERS,
        maxThreads: WORKERS,
        idleTimeout: Infinity,
      });
      const echo = (): Promise<unknown> => pool.run(PAYLOAD) as Promise<unknown>;
      await Promise.all(Array.from({ length: WORKERS }, echo));
      return {
        calls: (count) => timedCalls(echo, count),
        close: () => pool.destroy(),
      };
    },
  };
}
