import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { clientGone } from './client-gone.js';

it('knows of a client that has gone before anybody asked', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const asked = get(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    asked.on('error', () => undefined);
    const [request] = (await once(server, 'request')) as [IncomingMessage];
    const signal = clientGone(request);
    expect(signal.aborted).toBe(false);
    asked.destroy();
    await once(request.socket, 'close');
    expect([signal.aborted, clientGone(request).aborted]).toEqual([true, true]);
  } finally {
    server.close();
  }
});
