import { PythonShell } from 'python-shell';

import { programFile, PYTHON } from '../machine/python.js';
import { reaped } from './child.js';
import { PAYLOAD, timedCalls, WORKERS } from './subject.js';
import type { RunningSubject, Subject } from './subject.js';

/** What people use today to talk to Python: JSON lines on stdin and stdout. It is no pool, so two shells take turns. */
export function pythonShell(): Subject {
  return {
    name: 'python-shell (JSON)',
    async start(): Promise<RunningSubject> {
      const shells = Array.from({ length: WORKERS }, startShell);
      let turn = 0;
      const echo = () => shells[turn++ % WORKERS]!.call(PAYLOAD);
      for (const _ of shells) await echo();
      return {
        calls: (count) => timedCalls(echo, count),
        async close() {
          await Promise.all(shells.map((shell) => shell.close()));
        },
      };
    },
  };
}

function startShell() {
  const shell = new PythonShell(programFile('shell_echo.py'), { mode: 'json', pythonPath: PYTHON });
  let settle: ((value: unknown) => void) | undefined;
  let fail: ((error: Error) => void) | undefined;
  shell.on('message', (value: unknown) => settle?.(value));
  shell.on('error', (error: Error) => fail?.(error));
  shell.on('pythonError', (error: Error) => fail?.(error));
  return {
    call: (text: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        settle = resolve;
        fail = reject;
        shell.send(text);
      }),
    async close(): Promise<void> {
      shell.end(() => undefined);
      await reaped(shell.childProcess);
    },
  };
}
