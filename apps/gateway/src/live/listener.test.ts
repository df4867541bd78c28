import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { eventOf, Listener } from './listener.js';

it('keeps little for a client that does not read, and tells it what it has missed', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    client.pause();
    client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
    let gone = false;
    let caughtUp = 0;
    const listener = new Listener(response, {
      onGone: () => (gone = true),
      onCaughtUp: () => (caughtUp += 1),
    });
    const event = eventOf('log', { text: 'x'.repeat(100_000) });
    // More than sockets of any system hold.
    for (let sent = 0; sent < 500; sent += 1) {
      listener.send(event);
      await new Promise(setImmediate);
    }
    expect(response.writableLength).toBeLessThan(2 * 1024 ** 2);
    let text = '';
    client.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(-1_000)));
    client.resume();
    while (!text.includes('event: dropped')) await once(client, 'data');
    expect(Number(/"messages":(\d+)/.exec(text)?.[1])).toBeGreaterThan(50);
    expect(caughtUp).toBe(1);
    listener.end();
    await once(response, 'close');
    expect(gone).toBe(true);
  } finally {
    client.destroy();
    server.close();
  }
});

it('knows of a client that has gone while its turn had not come', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    let listens = (): void => undefined;
    const listening = new Promise<void>((resolve) => (listens = resolve));
    const gone = new Promise<void>((resolve) => {
      server.on('request', ({ url }, response: ServerResponse) => {
        // The one before it is never answered.
        if (url !== '/live') return;
        new Listener(response, { onGone: resolve, onCaughtUp: () => undefined });
        listens();
      });
    });
    client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /live HTTP/1.1\r\nhost: x\r\n\r\n');
    await listening;
    client.destroy();
    await gone;
  } finally {
    client.destroy();
    server.close();
  }
});
