import { spawn } from 'node:child_process';
import dns from 'node:dns';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { LiveListener } from './events.js';
import { gatewayFor, post } from './gateway-for.js';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const served = fileURLToPath(new URL('./fixtures/served.py', import.meta.url));

it(
  'on SIGTERM answers every request that it was sent, tells its probe, and ends',
  { timeout: 120_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-'));
    const release = join(folder, 'release');
    const node = ['--import', 'tsx', '--conditions=@pypool/source', main];
    const program = spawn(
      process.execPath,
      [...node, served, '--port', '0', '--size', '3', '--drain-ms', '8000'],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const exit = once(program, 'exit');
    try {
      let url = '';
      for await (const line of createInterface(program.stdout)) {
        url = /^gateway of served\.py: (\S+)$/.exec(line)?.[1] ?? url;
        if (line.startsWith('ready: ')) break;
      }
      // Nobody reads its log any more, which is nothing to those who are served: what they do is logged from here on.
      program.stderr.destroy();
      await using live = await LiveListener.of(url);
      // Two calls hold a worker each.
      const held = [1, 2].map(() => post(`${url}/call/await_file`, [release]));
      const isHeld = ({ running }: { running: unknown[] }) => running.length === 1;
      await live.next('workers', (workers) => workers.filter(isHeld).length === 2);

      // Clients that keep on asking until a load balancer sends them elsewhere: when the probe has told it to.
      let leaving = false;
      const statuses: number[] = [];
      const client = async () => {
        while (!leaving) statuses.push((await post(`${url}/call/echo`, ['x'])).status);
      };
      const clients = [client(), client(), client()];
      const probe = async () => {
        const ready = await fetch(`${url}/readyz`);
        if (ready.status === 200) return false;
        expect(await ready.json()).toEqual({ ready: false, status: 'leaving' });
        return true;
      };
      program.kill('SIGTERM');
      while (!leaving) leaving = await probe();
      await Promise.all(clients);
      // Whoever comes late is served, too.
      expect(await (await post(`${url}/call/echo`, ['late'])).json()).toBe('late');
      await live.ended();
      await writeFile(release, '');
      for (const response of await Promise.all(held)) expect(await response.json()).toBe('found');
      expect(statuses.length).toBeGreaterThan(0);
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(await exit).toEqual([0, null]);
    } finally {
      program.kill('SIGKILL');
      await rm(folder, { recursive: true });
    }
  },
);

it('waits for no connection that was opened ahead and never used', async () => {
  const gateway = await gatewayFor({ closeTimeoutMs: 2 ** 31 - 1 });
  const { hostname, port } = new URL(gateway.url);
  const accepted = once(gateway.app.server, 'connection');
  const client = connect(Number(port), hostname);
  const ended = once(client, 'close');
  await accepted;
  await gateway.close();
  await ended;
});

it('answers the request of a connection that was opened before it stopped to listen', async () => {
  const gateway = await gatewayFor();
  const { hostname, port } = new URL(gateway.url);
  const accepted = once(gateway.app.server, 'connection');
  const client = connect(Number(port), hostname);
  await accepted;
  const closed = gateway.close();
  client.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
  expect(await text(client)).toMatch(/^HTTP\/1.1 200 [^]*\r\nconnection: close\r\n/);
  await closed;
});

it('is not held up by a page that asks for its feed again', async () => {
  const gateway = await gatewayFor({ closeTimeoutMs: 2 ** 31 - 1, drainMs: 1_000 });
  await using live = await LiveListener.of(gateway.url);
  const closed = gateway.close();
  await live.ended();
  expect((await fetch(`${gateway.url}/live`)).status).toBe(503);
  await closed;
});

it('says at once that its address is taken, however long it would go on', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  try {
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await expect(gatewayFor({ port, drainMs: 2 ** 31 - 1 })).rejects.toThrow('EADDRINUSE');
  } finally {
    taken.close();
  }
});

it('listens at one address of localhost, and so has all of its connections in hand', async () => {
  const both = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  const { lookup } = dns;
  // Whether a machine has both is its own: here it has.
  const resolve = vi.spyOn(dns, 'lookup').mockImplementation(((host: string, ...others: never[]) => {
    const [asked, tell] = others as unknown as [{ all?: boolean }, (error: null, found: object) => void];
    if (host === 'localhost' && asked.all === true) tell(null, both);
    else (lookup as (host: string, ...others: never[]) => void)(host, ...others);
  }) as never);
  try {
    await using gateway = await gatewayFor({ host: 'localhost' });
    expect(gateway.app.addresses()).toHaveLength(1);
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
  } finally {
    resolve.mockRestore();
  }
});

it('gives up what takes longer than it may wait', async () => {
  const gateway = await gatewayFor({ closeTimeoutMs: 100 });
  const response = await post(`${gateway.url}/call/endless`);
  const reader = response.body!.getReader();
  await reader.read();
  const closing = gateway.close();
  expect(gateway.close()).toBe(closing);
  const rest = (async () => {
    while (!(await reader.read()).done);
  })();
  await expect(rest).rejects.toThrow();
  await closing;
  await expect(fetch(gateway.url)).rejects.toThrow();
});
