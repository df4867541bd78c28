import { fileURLToPath } from 'node:url';
import { createGateway, type Gateway } from '../src/gateway.js';
import type { GatewayOptions } from '../src/options.js';

/** A gateway of the fixture, with one worker, ready for calls. */
export async function gatewayFor(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const module = fileURLToPath(new URL('./fixtures/served.py', import.meta.url));
  const gateway = await createGateway({ module, size: 1, ...options });
  await gateway.pool.ready();
  return gateway;
}

/** Call a function with JSON. */
export function post(url: string, body?: unknown, init: RequestInit = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    ...init,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...init.headers },
  });
}

/** Call a function with bytes. */
export function postBytes(url: string, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } });
}
