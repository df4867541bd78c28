import { once } from 'node:events';
import { createServer, get, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { clientGone } from './client-gone.js';

it('knows of a client that has gone before anybody asked', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const asked = get(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    asked.on('error', () => undefined);
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
    const signal = clientGone(response);
    expect(signal.aborted).toBe(false);
    asked.destroy();
    await once(response, 'close');
    expect([signal.aborted, clientGone(response).aborted]).toEqual([true, true]);
  } finally {
    server.close();
  }
});
