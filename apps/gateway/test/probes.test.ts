import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../src/errors/problem.js';
import { createGateway } from '../src/gateway.js';
import { LiveListener } from './events.js';
import { gatewayFor, post } from './gateway-for.js';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}.py`, import.meta.url));
const broken = fixture('raise_on_import');
const exiting = fixture('exit_on_import');

it('answers probes while no worker can start, and says why to those who call', async () => {
  await using gateway = await createGateway({ module: broken, size: 1, launcher: 'spawn' });
  const { url } = gateway;
  const response = await post(`${url}/call/anything`);
  expect([response.status, await response.json()]).toMatchObject([
    503,
    { code: 'start-failed', outcome: 'not-started', detail: expect.stringContaining('no model here') },
  ]);
  const [health, ready] = await Promise.all([fetch(`${url}/healthz`), fetch(`${url}/readyz`)]);
  expect([health.status, ready.status]).toEqual([200, 503]);
  expect(await ready.json()).toMatchObject({ ready: false });
});

it('leaves it to its log where on this machine things are that do not start', async () => {
  const log = new PassThrough({ encoding: 'utf8' });
  await using gateway = await createGateway({ module: exiting, size: 1, launcher: 'spawn', log });
  const { code, detail } = (await (await post(`${gateway.url}/call/anything`)).json()) as Problem;
  expect(code).toBe('start-failed');
  expect(detail).toMatch(/exit code 7|exited with (code )?7/);
  expect(detail).not.toContain('/');
  const told: string = log.read();
  expect(told).toMatch(/\(pid \d+, \/[^)]+\)/);
});

describe('a gateway with a token', () => {
  const token = 'open sesame'.replace(' ', '-');
  const bearer = { authorization: `Bearer ${token}` };

  it('lets nobody call, look or change without it, but answers probes and hands out its page', async () => {
    await using gateway = await gatewayFor({ token });
    const { url } = gateway;
    for (const path of ['/healthz', '/readyz', '/']) expect((await fetch(url + path)).status, path).toBe(200);
    const guarded = ['/metrics', '/live', '/openapi.json', '/sessions', '/sessions/a', '/nowhere'];
    for (const path of guarded) {
      const response = await fetch(url + path);
      expect([response.status, response.headers.get('www-authenticate')], path).toEqual([
        401,
        'Bearer realm="pypool"',
      ]);
      expect(await response.json()).toMatchObject({ code: 'unauthorized' });
    }
    for (const path of ['/call/echo', '/sessions/a/call/echo', '/admin/reload', '/admin/resize']) {
      for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: `Basic ${token}` }])
        expect((await post(url + path, [1], { headers })).status, path).toBe(401);
    }
    expect(gateway.pool.stats().calls.submitted).toBe(0);

    expect((await post(`${url}/call/echo`, [1], { headers: bearer })).status).toBe(200);
    await using live = await LiveListener.of(url, bearer);
    expect(live.seen[0]!.event).toBe('history');
    const document = await (await fetch(`${url}/openapi.json`, { headers: bearer })).json();
    expect(document).toMatchObject({ security: [{ token: [] }] });
  });
});

it('refuses what the pages of other sites send', async () => {
  await using gateway = await gatewayFor();
  const { url } = gateway;
  const from = (origin: string) => post(`${url}/admin/reload`, undefined, { headers: { origin } });
  expect(await (await from('https://elsewhere.example')).json()).toMatchObject({
    status: 403,
    code: 'other-site',
  });
  expect((await from('null')).status).toBe(403);
  expect((await from(url)).status).toBe(200);
});

it('describes its functions as OpenAPI, and measures their calls for Prometheus', async () => {
  await using gateway = await gatewayFor();
  const { url } = gateway;
  const { openapi, paths } = (await (await fetch(`${url}/openapi.json`)).json()) as any;
  expect(openapi).toBe('3.1.0');
  expect(Object.keys(paths)).toContain('/sessions/{id}/call/total');
  const total = paths['/call/total'].post;
  expect(total).toMatchObject({ operationId: 'total', summary: 'The sum of all coordinates.' });
  const point = {
    type: 'object',
    properties: { x: { type: 'number' }, y: { type: 'number' } },
    required: ['x', 'y'],
  };
  expect(total.requestBody.content).toEqual({
    'application/json': {
      schema: {
        type: 'object',
        properties: { points: { type: 'array', items: point } },
        required: ['points'],
        additionalProperties: false,
      },
    },
  });
  expect(total.responses['200'].content).toEqual({ 'application/json': { schema: { type: 'number' } } });
  const crop = paths['/call/crop'].post;
  expect(Object.keys(crop.requestBody.content)).toEqual(['application/octet-stream']);
  const inQuery = crop.parameters.filter((parameter: { in: string }) => parameter.in === 'query');
  expect(inQuery).toMatchObject([
    { name: 'width', schema: { type: 'integer' } },
    { name: 'mode', schema: { enum: ['left', 'right'], default: 'left' } },
  ]);
  expect(Object.keys(paths['/call/zeros'].post.responses['200'].content)).toEqual([
    'application/octet-stream',
  ]);
  expect(Object.keys(paths['/call/found'].post.responses['200'].content)).toEqual([
    'application/json',
    'application/octet-stream',
  ]);
  expect(Object.keys(paths['/call/count'].post.responses['200'].content)).toEqual([
    'application/x-ndjson',
    'text/event-stream',
  ]);

  await post(`${url}/call/echo`, [1]);
  const page = await (await fetch(`${url}/metrics`)).text();
  expect(page).toMatch(/^rpc_client_call_duration_count\{.*rpc_method="echo".*\} 1$/m);
  expect(page).not.toContain(process.execPath);
  expect(page).toMatch(/^pypool_worker_count\{.*pypool_worker_state="idle".*\} 1$/m);
});
