import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../src/gateway.js';
import { gatewayFor, post, postBytes } from './gateway-for.js';

let gateway: Gateway;
let url: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-'));
  gateway = await gatewayFor();
  url = gateway.url;
});
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true });
});

const asking = (accept: string) => ({ headers: { accept } });

describe('what is no stream', () => {
  it.each(['text/event-stream', 'application/x-ndjson', 'Application/NDJSON;q=0.5, text/html'])(
    'is refused to who takes %s alone, before it runs',
    async (accept) => {
      const path = join(folder, 'ran');
      const refused = await post(`${url}/call/write_file`, [path], asking(accept));
      expect([refused.status, await refused.json()]).toMatchObject([
        406,
        {
          code: 'not-acceptable',
          outcome: 'not-started',
          detail: `write_file() is no stream: it is answered as application/json, which "Accept: ${accept}" does not take. Send "Accept: application/json", or no Accept.`,
        },
      ]);
      // What it would have left behind, the only worker would have by now.
      expect((await post(`${url}/call/echo`, [1])).status).toBe(200);
      await expect(readFile(path)).rejects.toThrow('ENOENT');
    },
  );

  it.each([
    'text/event-stream, application/json',
    'text/event-stream, */*;q=0.1',
    'application/*',
    'text/html',
  ])('is answered as it is to who takes %s', async (accept) => {
    const path = join(folder, 'written');
    const response = await post(`${url}/call/write_file`, [path], asking(accept));
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toBe('written');
    await rm(path);
  });

  it('and gives bytes says that it does', async () => {
    const headers = { accept: 'text/event-stream', 'content-type': 'application/octet-stream' };
    const init = { method: 'POST', headers, body: new Uint8Array(3) };
    expect(await (await fetch(`${url}/call/crop?width=1`, init)).json()).toMatchObject({
      status: 406,
      detail: expect.stringContaining('answered as application/octet-stream'),
    });
    expect((await postBytes(`${url}/call/crop?width=1`, new Uint8Array(3))).status).toBe(200);
  });

  it('but is hinted to give items, as a decorated generator is, is a stream to who asks for one', async () => {
    const response = await post(`${url}/call/decorated`, [2], asking('application/x-ndjson'));
    expect(await response.text()).toBe('{"item":0}\n{"item":1}\n{"end":true}\n');
  });
});

describe('a method that a path has not', () => {
  it.each([
    ['GET', '/call/echo', 'POST'],
    ['PUT', '/call/echo?x=1', 'POST'],
    ['DELETE', '/sessions/a/call/echo', 'POST'],
    ['PATCH', '/sessions/a', 'DELETE, GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
    ['GET', '/admin/reload', 'POST'],
    ['POST', '/', 'GET, HEAD'],
  ])('is refused: %s %s', async (method, path, methods) => {
    const body = method === 'PUT' ? { body: 'half a {' } : {};
    const response = await fetch(url + path, { method, ...body });
    const use = methods.replace(', HEAD', '').replace(', ', ' or ');
    expect([response.status, response.headers.get('allow')]).toEqual([405, `${methods}, OPTIONS`]);
    expect(await response.json()).toMatchObject({
      code: 'method-not-allowed',
      outcome: 'not-started',
      detail: `There is no ${method} ${path.split('?')[0]}: use ${use}.`,
    });
  });

  it('is told by OPTIONS, and HEAD is where GET is', async () => {
    const options = await fetch(`${url}/call/echo`, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST, OPTIONS']);
    const head = (path: string) => fetch(url + path, { method: 'HEAD' });
    expect((await head('/call/echo')).status).toBe(405);
    expect((await head('/healthz')).status).toBe(200);
    expect((await fetch(`${url}/nowhere`, { method: 'OPTIONS' })).status).toBe(404);
  });
});
