import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { isEnding } from './is-ending.js';

it.skipIf(process.platform !== 'linux')(
  'knows a process that has exited and that nobody has reaped',
  async () => {
    // What becomes of the shell reaps nobody.
    const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    try {
      expect(isEnding(pid)).toBe(false);
      process.kill(pid, 'SIGKILL');
      while (!isEnding(pid)) await new Promise((resolve) => setImmediate(resolve));
    } finally {
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    }
  },
);

it('takes this process for none', () => {
  expect(isEnding(process.pid)).toBe(false);
});
