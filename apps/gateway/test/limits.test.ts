import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Gateway } from '../src/gateway.js';
import { gatewayFor, post, postBytes } from './gateway-for.js';

let gateway: Gateway;
let url: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-'));
  gateway = await gatewayFor({ maxQueue: 2, maxBodyBytes: 1_000 });
  url = gateway.url;
});
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true });
});

/** Keep the only worker until the calls made meanwhile all wait. @returns lets it go */
async function hold(
  name: string,
): Promise<{ readonly made: (calls: number) => Promise<void>; release(): Promise<void> }> {
  const path = join(folder, name);
  let submitted = 0;
  let tell = (): void => undefined;
  const end = gateway.pool.observe({
    onSubmitted() {
      submitted += 1;
      tell();
      return undefined;
    },
  });
  const made = async (calls: number): Promise<void> => {
    while (submitted < calls) await new Promise<void>((resolve) => (tell = resolve));
  };
  const held = post(`${url}/call/await_file`, [path]);
  await made(1);
  return {
    made: (calls) => made(calls + 1),
    async release() {
      end();
      await writeFile(path, '');
      expect(await (await held).json()).toBe('found');
    },
  };
}

it('a call of higher priority goes before those that have waited longer', async () => {
  const worker = await hold('priority');
  const turn = async (priority: string) =>
    (await post(`${url}/call/turn`, undefined, { headers: { 'x-priority': priority } })).json();
  const low = turn('-1');
  await worker.made(1);
  const high = turn('2.5');
  await worker.made(2);
  await worker.release();
  expect(Number(await low) - Number(await high)).toBe(1);
});

it('short calls are sent ahead, and with prefetch: false none is', async () => {
  const burst = async ({ pool }: Gateway) => {
    await Promise.all(Array.from({ length: 3 }, (_, n) => pool.call('echo', [n])));
    return pool.stats().prefetch.sentAhead;
  };
  while ((await burst(gateway)) === 0);
  const strict = await gatewayFor({ prefetch: false });
  for (let bursts = 0; bursts < 20; bursts += 1) expect(await burst(strict)).toBe(0);
  await strict.close();
});

it('a call too many is refused for now, and those that wait are served', async () => {
  const worker = await hold('queue');
  const waiting = [1, 2].map((value) => post(`${url}/call/echo`, [value]));
  await worker.made(2);
  const refused = await post(`${url}/call/echo`, [3]);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toMatchObject({
    code: 'queue-full',
    outcome: 'not-started',
    retryable: true,
  });
  await worker.release();
  expect(await Promise.all(waiting.map(async (each) => (await each).json()))).toEqual([1, 2]);
});

it('a call whose worker dies is made again where it may be, and only there', async () => {
  const die = (name: string, idempotent: string) =>
    post(`${url}/call/die_once`, [join(folder, name)], { headers: { 'x-idempotent': idempotent } });
  const again = await die('again', 'true');
  expect([again.status, await again.json()]).toEqual([200, 'survived']);
  const lost = await die('lost', 'false');
  expect([lost.status, await lost.json()]).toMatchObject([
    502,
    { code: 'worker-exited', outcome: 'unknown', retryable: false },
  ]);
});

it('a body that is too large is refused, and one of just that size is not', async () => {
  const json = (bytes: number) => post(`${url}/call/echo`, ['x'.repeat(bytes - 4)]);
  const binary = (bytes: number) => postBytes(`${url}/call/crop?width=1`, new Uint8Array(bytes));
  for (const send of [json, binary]) {
    expect((await send(1_000)).status).toBe(200);
    const refused = await send(1_001);
    expect([refused.status, await refused.json()]).toMatchObject([
      413,
      { code: 'body-too-large', outcome: 'not-started' },
    ]);
  }
});
