import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { programFile, PYTHON } from '../machine/python.js';
import { reaped } from './child.js';
import { WORKERS } from './subject.js';
import type { RunningSubject, Subject } from './subject.js';

/** Python's own pool of processes, driven by a Python process that takes the times itself. */
export function processPoolExecutor(): Subject {
  return {
    name: 'ProcessPoolExecutor',
    async start(): Promise<RunningSubject> {
      const child = spawn(PYTHON, ['-u', programFile('process_pool.py'), String(WORKERS)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const block = async (count: number): Promise<readonly number[]> => {
        child.stdin.write(`${count}\n`);
        const line = await lines.next();
        if (line.done === true) throw new Error('The Python process that drives ProcessPoolExecutor ended.');
        return JSON.parse(line.value) as number[];
      };
      await block(2 * WORKERS);
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
