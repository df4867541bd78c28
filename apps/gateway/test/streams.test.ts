import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../src/gateway.js';
import { eventsOf, LiveListener } from './events.js';
import { gatewayFor, post } from './gateway-for.js';

let gateway: Gateway;
let url: string;
beforeAll(async () => {
  gateway = await gatewayFor();
  url = gateway.url;
});
afterAll(() => gateway.close());

const SSE = { headers: { accept: 'text/event-stream' } };

async function all(response: Response): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const { event, data } of eventsOf(response)) events.push([event, data]);
  return events;
}

describe('a stream', () => {
  it('is NDJSON unless server-sent events are asked for, and says where it ends', async () => {
    for (const accept of ['*/*', 'application/x-ndjson']) {
      const response = await post(`${url}/call/count`, { to: 2 }, { headers: { accept } });
      expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
      expect(await response.text()).toBe('{"item":0}\n{"item":1}\n{"end":true}\n');
    }
    const response = await post(`${url}/call/count`, { to: 2 }, SSE);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await all(response)).toEqual([
      ['message', 0],
      ['message', 1],
      ['end', {}],
    ]);
  });

  it('is the same to who asks without a socket', async () => {
    const { body } = await gateway.app.inject({ method: 'POST', url: '/call/count', payload: { to: 2 } });
    expect(body).toBe('{"item":0}\n{"item":1}\n{"end":true}\n');
  });

  it('that fails says so in its place', async () => {
    const failure = { code: 'python-error', detail: 'ValueError: no second one', outcome: 'finished' };
    expect(await all(await post(`${url}/call/count_and_fail`, undefined, SSE))).toEqual([
      ['message', 1],
      ['error', expect.objectContaining(failure)],
    ]);
    const lines = (await (await post(`${url}/call/count_and_fail`)).text()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { item: 1 },
      { error: expect.objectContaining(failure) },
    ]);
  });

  it('that refuses with what JSON cannot hold ends all the same', async () => {
    const exact = await (await post(`${url}/call/refuse_with`, { most: 'integer' })).text();
    expect(exact).toContain('"failure":{"code":"too-much","data":{"most":1152921504606846977}}');
    const left = await (await post(`${url}/call/refuse_with`, { most: 'nan' })).text();
    expect(left).toContain('"failure":{"code":"too-much","data":null}');
  });

  it('that fails before its first item has a status', async () => {
    const response = await post(
      `${url}/call/count`,
      { to: 1 },
      { headers: { ...SSE.headers, 'x-timeout-ms': '0' } },
    );
    expect(response.status).toBe(504);
  });

  it.each(['text/event-stream', 'application/x-ndjson'])(
    'of %s whose client has gone is ended in Python',
    async (accept) => {
      await using live = await LiveListener.of(url);
      const client = new AbortController();
      const response = await post(`${url}/call/endless`, undefined, {
        headers: { accept },
        signal: client.signal,
      });
      const reader = response.body!.getReader();
      await reader.read();
      client.abort();
      await live.next('log', ({ text }) => text === 'stream ended');
      await expect(reader.read()).rejects.toThrow();
    },
  );

  it('that is not read is not produced: memory stays bounded', async () => {
    await using live = await LiveListener.of(url);
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.pause();
    socket.write('POST /call/endless HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n');
    await live.busy();
    const before = process.memoryUsage().arrayBuffers;
    for (let second = 0; second < 2; second += 1) await live.next('sample');
    // Without credit Python would have sent some gigabytes by now.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 ** 2);
    socket.destroy();
    await live.next('log', ({ text }) => text === 'stream ended');
  });

  it.each(['text/event-stream', 'application/x-ndjson'])(
    'of %s that nobody reads any more is cut off, and its worker free again',
    async (accept) => {
      await using hasty = await gatewayFor({ stalledClientMs: 100 });
      await using live = await LiveListener.of(hasty.url);
      const { port, hostname } = new URL(hasty.url);
      const socket = connect(Number(port), hostname);
      socket.pause();
      socket.write(
        `POST /call/endless HTTP/1.1\r\nhost: localhost\r\naccept: ${accept}\r\ncontent-length: 0\r\n\r\n`,
      );
      await live.next('log', ({ text }) => text === 'stream ended');
      expect(await (await post(`${hasty.url}/call/echo`, ['free'])).json()).toBe('free');
      socket.on('error', () => undefined);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.resume();
      await closed;
    },
  );

  it.each([
    [
      'a stream that was asked for ahead of its turn',
      '/call/nap',
      '[0]',
      'POST /call/endless HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n',
    ],
    ['a result', '/call/zeros', '[67108864]', ''],
  ])('and so is the client of %s', async (_, path, body, ahead) => {
    await using hasty = await gatewayFor({ stalledClientMs: 100 });
    const { port, hostname } = new URL(hasty.url);
    const accepted = once(hasty.app.server, 'connection') as Promise<[Socket]>;
    const client = connect(Number(port), hostname);
    client.pause();
    client.write(
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}${ahead}`,
    );
    const [socket] = await accepted;
    await once(socket, 'close');
    client.destroy();
    expect(await (await post(`${hasty.url}/call/echo`, ['free'])).json()).toBe('free');
  });

  it('may say nothing for longer than its client may be stalled', async () => {
    await using hasty = await gatewayFor({ stalledClientMs: 50 });
    const response = await post(`${hasty.url}/call/count_slowly`, { to: 3, pause_seconds: 0.2 });
    expect(await response.text()).toBe('{"item":0}\n{"item":1}\n{"item":2}\n{"end":true}\n');
  });
});
