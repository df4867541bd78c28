import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Gateway } from '../src/gateway.js';
import { gatewayFor, post } from './gateway-for.js';

let gateway: Gateway;
let url: string;
beforeAll(async () => {
  gateway = await gatewayFor({ maxSessions: 2 });
  url = gateway.url;
});
afterAll(() => gateway.close());

it('a session begins with its first call, is listed, and is ended', async () => {
  const told = (await (await post(`${url}/sessions/user%2042/call/told`)).json()) as { session: string };
  expect(told.session).toBe('user 42');
  await post(`${url}/sessions/user%2042/call/fail`);
  const stream = await post(`${url}/sessions/user%2042/call/count`, [2]);
  expect(await stream.text()).toContain('{"end":true}');
  const info = await (await fetch(`${url}/sessions/user%2042`)).json();
  expect(info).toMatchObject({ id: 'user 42', operations: 3, errors: 1, inFlight: 0 });
  expect(await (await fetch(`${url}/sessions`)).json()).toEqual({ open: 1, sessions: [info] });

  const end = () => fetch(`${url}/sessions/user%2042`, { method: 'DELETE' });
  expect((await end()).status).toBe(204);
  expect((await end()).status).toBe(404);
  const gone = await fetch(`${url}/sessions/user%2042`);
  expect([gone.status, await gone.json()]).toMatchObject([404, { code: 'no-such-session' }]);
});

it('a session too many is refused for now', async () => {
  for (const id of ['a', 'b']) expect((await post(`${url}/sessions/${id}/call/told`)).status).toBe(200);
  const response = await post(`${url}/sessions/c/call/told`);
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await response.json()).toMatchObject({ code: 'session-limit', retryable: true });
  for (const id of ['a', 'b']) await fetch(`${url}/sessions/${id}`, { method: 'DELETE' });
});
