import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isEnding } from './is-ending.js';

it.skipIf(process.platform !== 'linux')(
  'knows a process that has exited and that nobody has reaped',
  async () => {
    // What the shell becomes reaps nobody.
    const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise((resolve) => setImmediate(resolve));
    };
    try {
      // Until then it is a shell, which may reap it.
      await until(() => readFileSync(`/proc/${parent.pid}/comm`, 'latin1') === 'sleep\n');
      expect(isEnding(pid)).toBe(false);
      process.kill(pid, 'SIGKILL');
      await until(() => isEnding(pid));
    } finally {
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    }
  },
);

it('takes this process for none', () => {
  expect(isEnding(process.pid)).toBe(false);
});
