import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FrameType, type Frame } from '@pypool/protocol';
import type { Connection } from '@pypool/transport';
import { socketTransport } from '@pypool/transport-socket';
import { expect, it } from 'vitest';
import { tlsOptions } from './certificates.js';

const never = new AbortController().signal;
const RUNTIME = fileURLToPath(new URL('../../../python', import.meta.url));

it('takes a worker that somebody else has started, over TLS, and its end is the end of the worker', async () => {
  const transport = socketTransport({ tcp: { host: '127.0.0.1' }, tls: tlsOptions() });
  try {
    const offer = await transport.offer(never);
    // A child of this shell, which is gone by then: as far as Node goes it may as well be in another container.
    const python = process.env['PYPOOL_PYTHON'] ?? 'python3';
    const shell = spawn(
      'sh',
      ['-c', 'exec 3>&1; "$@" >/dev/null 2>&1 & ', 'sh', python, '-m', 'pypool', ...offer.args],
      {
        env: { PATH: process.env['PATH'], PYTHONPATH: RUNTIME, ...offer.env },
        stdio: ['ignore', 'pipe', 'inherit'],
        cwd: '/',
      },
    );
    // Held open by the worker as its descriptor 3, and by nobody else.
    const gone = once(shell.stdout.resume(), 'end');
    const connection = await offer.accept([], never);

    const hello = await firstControlFrame(connection);
    expect(hello.type).toBe(FrameType.HELLO);
    expect(connection.exactEnd).toBe(false);
    const { pid } = JSON.parse(hello.envelope) as { pid: number };
    expect(pid).not.toBe(shell.pid);
    expect(() => process.kill(pid, 0)).not.toThrow();

    connection.destroy();
    await gone;
  } finally {
    await transport.close();
  }
});

function firstControlFrame(connection: Connection): Promise<Frame> {
  return new Promise((resolve, reject) => {
    const onEnd = (error: Error | undefined): void => reject(error ?? new Error('the channel ended'));
    connection.keepAlive(true);
    connection.listen({
      replies: { onFrame: () => undefined, onEnd },
      control: { onFrame: resolve, onEnd },
    });
  });
}
