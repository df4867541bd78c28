import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { transportConformance } from '@pypool/transport/testing';
import { socketTransport, type SocketTransportOptions } from '@pypool/transport-socket';
import { tlsOptions } from './certificates.js';

const PEER = fileURLToPath(new URL('fixtures/conformance_peer.py', import.meta.url));
const WAYS: Record<string, SocketTransportOptions> = {
  unix: {},
  tls: {
    tcp: { host: '127.0.0.1' },
    tls: tlsOptions(),
  },
};

for (const [way, options] of Object.entries(WAYS)) {
  transportConformance(`socket (${way})`, () => {
    const transport = socketTransport(options);
    const children: ChildProcess[] = [];
    return Promise.resolve({
      holdsHandles: true,
      async connect() {
        const { signal } = new AbortController();
        const offer = await transport.offer(signal);
        const child = spawn(process.env['PYPOOL_PYTHON'] ?? 'python3', ['-S', '-E', PEER, ...offer.args], {
          stdio: ['ignore', 'inherit', 'inherit'],
          env: { ...process.env, ...offer.env },
        });
        children.push(child);
        return offer.accept([], signal);
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
}
