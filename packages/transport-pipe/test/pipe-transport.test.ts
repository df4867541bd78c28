import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { transportConformance } from '@pypool/transport/testing';
import { pipeTransport } from '@pypool/transport-pipe';
import { expect, it } from 'vitest';

const PEER = fileURLToPath(new URL('fixtures/conformance_peer.py', import.meta.url));

transportConformance('pipe', () => {
  const transport = pipeTransport();
  const children: ChildProcess[] = [];
  return Promise.resolve({
    holdsHandles: true,
    async connect() {
      const { signal } = new AbortController();
      const offer = await transport.offer(signal);
      const pipes = Array.from({ length: offer.pipes }, () => 'pipe' as const);
      const child = spawn(process.env['PYPOOL_PYTHON'] ?? 'python3', ['-S', '-E', PEER], {
        stdio: ['ignore', 'inherit', 'inherit', ...pipes],
      });
      children.push(child);
      return offer.accept(child.stdio.slice(3) as unknown as Duplex[], signal);
    },
    async close() {
      await transport.close();
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          child.kill('SIGKILL');
          await once(child, 'exit');
        }),
      );
    },
  });
});

it('tells the runtime its three descriptors', async () => {
  const offer = await pipeTransport().offer(new AbortController().signal);
  expect(offer).toMatchObject({ pipes: 3, args: ['--channels', 'fd:3,4,5'] });
});

it('makes no connection for an aborted launch', async () => {
  const reason = new Error('no longer wanted');
  await expect(pipeTransport().offer(AbortSignal.abort(reason))).rejects.toBe(reason);
});
