import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { Connection, ConnectionOffer, Transport } from '@pypool/transport';
import { socketTransport, type SocketTransportOptions } from '@pypool/transport-socket';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { Dialler, dialWhole, knownFrom, preamble, type Known } from './dialler.js';
import { tlsOptions } from './certificates.js';

const never = new AbortController().signal;
const ANSWER = Buffer.from([1]);

/** A transport that is closed after the test, in a folder that has to be empty by then. */
function transportOf(options: SocketTransportOptions = {}): { transport: Transport; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 't-'));
  const transport = socketTransport(options.tcp === undefined ? { folder, ...options } : options);
  onTestFinished(async () => {
    await transport.close();
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });
  return { transport, folder };
}

/** An offer that somebody waits for, and what its worker is told. */
async function expecting(
  transport: Transport,
): Promise<{ known: Known; accepted: Promise<Connection>; abort: AbortController }> {
  const offer = await transport.offer(never);
  const abort = new AbortController();
  const accepted = offer.accept([], abort.signal);
  accepted.catch(() => undefined); // each test says what it expects of it
  return { known: knownFrom(offer), accepted, abort };
}

const connections: Connection[] = [];
afterEach(() => {
  for (const connection of connections.splice(0)) connection.destroy();
});

/** That a worker which does everything right is let in. */
async function expectLetIn(known: Known, accepted: Promise<Connection>): Promise<Connection> {
  const channels = dialWhole(known);
  const connection = await accepted;
  connections.push(connection);
  const answers = await Promise.all(channels.map((channel) => channel.answer()));
  expect(answers).toEqual([ANSWER, ANSWER, ANSWER]);
  return connection;
}

describe('where it listens', () => {
  it('makes a folder that only this user may enter, at the first offer, and removes it', async () => {
    const { transport, folder } = transportOf();
    expect(readdirSync(folder)).toEqual([]);
    const { place } = knownFrom(await transport.offer(never));
    const path = place.slice('unix:'.length);
    expect(dirname(dirname(path))).toBe(folder);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    await transport.close();
    expect(existsSync(dirname(path))).toBe(false);
  });

  it('serves all workers at one place, each with an id and a secret of its own', async () => {
    const { transport } = transportOf();
    const [one, other] = (await Promise.all([transport.offer(never), transport.offer(never)])).map(knownFrom);
    expect(one!.place).toBe(other!.place);
    expect(one!.offerId).not.toBe(other!.offerId);
    expect(one!.secret).toMatch(/^[0-9a-f]{64}$/);
    expect(one!.secret).not.toBe(other!.secret);
  });

  it('keeps the secret out of the arguments, and asks for no pipes', async () => {
    const { transport } = transportOf();
    const offer = await transport.offer(never);
    expect(offer.pipes).toBe(0);
    expect(offer.args.join(' ')).not.toContain(knownFrom(offer).secret);
  });

  it('tells workers what is advertised, and what to trust', async () => {
    const tls = tlsOptions();
    const { transport } = transportOf({
      tcp: { host: '0.0.0.0', advertise: { host: 'gateway.internal', port: 4433 } },
      tls,
    });
    const { args, env } = await transport.offer(never);
    expect(args[1]).toMatch(/^tls:gateway\.internal:4433#[0-9a-f]{32}$/);
    expect(env?.['PYPOOL_CONNECT_CA']).toBe(tls.ca);
  });

  it('says where it cannot listen, and tries again for the next offer', async () => {
    const { folder } = transportOf();
    const missing = join(folder, 'later');
    const transport = socketTransport({ folder: missing });
    await expect(transport.offer(never)).rejects.toMatchObject({ code: 'start-failed', message: /later/ });
    const taken = socketTransport({ tcp: { host: '127.0.0.1' } });
    const port = Number(
      knownFrom(await taken.offer(never))
        .place.split(':')
        .at(-1),
    );
    const late = socketTransport({ tcp: { host: '127.0.0.1', port } });
    await expect(late.offer(never)).rejects.toMatchObject({ code: 'start-failed', message: /EADDRINUSE/ });
    await taken.close();
    await expect(late.offer(never)).resolves.toMatchObject({ pipes: 0 });
    await Promise.all([late.close(), transport.close()]);
  });

  it('listens elsewhere once its folder was removed, at one place for all, and keeps the connections that it has', async () => {
    const { transport, folder } = transportOf();
    const first = await expecting(transport);
    const kept = await expectLetIn(first.known, first.accepted);
    let isEnded = false;
    kept.listen({
      replies: { onFrame: () => undefined, onEnd: () => (isEnded = true) },
      control: { onFrame: () => undefined, onEnd: () => (isEnded = true) },
    });
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });

    const [second, third] = await Promise.all([expecting(transport), expecting(transport)]);
    expect(second.known.place).not.toBe(first.known.place);
    expect(third.known.place).toBe(second.known.place);
    for (const { known, accepted } of [second, third]) await expectLetIn(known, accepted);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(isEnded).toBe(false);
  });

  it('listens elsewhere once its socket alone was removed', async () => {
    const { transport, folder } = transportOf();
    const { place } = knownFrom(await transport.offer(never));
    rmSync(place.slice('unix:'.length));
    const { known, accepted } = await expecting(transport);
    await expectLetIn(known, accepted);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('leaves nothing where it is closed while it begins to listen elsewhere', async () => {
    const { transport, folder } = transportOf();
    await transport.offer(never);
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    const offered = transport.offer(never);
    offered.catch(() => undefined);
    await transport.close();
    await expect(offered).rejects.toMatchObject({ code: 'start-failed', message: /has been closed/ });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps no Node process alive, neither by listening nor by a connection', async () => {
    const folder = mkdtempSync(join(tmpdir(), 't-'));
    const file = fileURLToPath(new URL('fixtures/idle_host.ts', import.meta.url));
    const host = spawn(process.execPath, ['--import', 'tsx', '--conditions=@pypool/source', file, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      host.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    });
    const exited = once(host, 'exit');
    const said = createInterface({ input: host.stdout })[Symbol.asyncIterator]();
    const offer = JSON.parse(String((await said.next()).value)) as ConnectionOffer;
    const channels = dialWhole(knownFrom(offer));
    expect(await Promise.all(channels.map((channel) => channel.answer()))).toEqual([ANSWER, ANSWER, ANSWER]);
    // It ends while its channels stand, and has nothing more to say.
    expect(await exited).toEqual([0, null]);
    expect((await said.next()).done).toBe(true);
  });
});

describe('who is let in', () => {
  it('takes the worker that says its secret on three connections, in any order', async () => {
    const { transport } = transportOf();
    const { known, accepted } = await expecting(transport);
    const channels = [2, 0, 1].map((channel) => new Dialler(known.place).say(preamble(known, channel)));
    connections.push(await accepted);
    expect(await Promise.all(channels.map((channel) => channel.answer()))).toEqual([ANSWER, ANSWER, ANSWER]);
  });

  it('takes a preamble that comes byte by byte, and a worker that dials before anybody waits', async () => {
    const { transport } = transportOf();
    const offer = await transport.offer(never);
    const known = knownFrom(offer);
    const slow = new Dialler(known.place);
    for (const byte of preamble(known, 0)) {
      slow.say(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const rest = [1, 2].map((channel) => new Dialler(known.place).say(preamble(known, channel)));
    connections.push(await offer.accept([], never));
    expect(await Promise.all([slow, ...rest].map((channel) => channel.answer()))).toHaveLength(3);
  });

  it('cuts off whoever says anything else, without a word, and still takes the right one', async () => {
    const { transport } = transportOf();
    const { known, accepted } = await expecting(transport);
    const other = knownFrom(await transport.offer(never));
    const wrong: Record<string, Buffer> = {
      'a wrong secret': preamble({ ...known, secret: other.secret }, 0),
      'an offer that is not there': preamble({ ...known, offerId: '00'.repeat(16) }, 0),
      'another protocol': Buffer.from(
        `GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nX: ${'y'.repeat(64)}\r\n\r\n`,
      ),
      'another version': preamble(known, 0, { magic: 'pypool\x02' }),
      'a channel that there is not': preamble(known, 3),
      'more than a preamble': Buffer.concat([preamble(known, 0), Buffer.from('x')]),
      'far more than a preamble': Buffer.alloc(1024 * 1024, 1),
    };
    for (const [what, bytes] of Object.entries(wrong)) {
      expect((await new Dialler(known.place).say(bytes).heard).length, what).toBe(0);
    }
    await expectLetIn(known, accepted);
  });

  it('cuts off a worker that speaks before it is answered', async () => {
    const { transport } = transportOf();
    const { known, accepted } = await expecting(transport);
    const hasty = new Dialler(known.place).say(preamble(known, 2));
    await new Promise((resolve) => hasty.socket.write('', resolve));
    await untilSeated(known);
    hasty.say(Buffer.from('hello'));
    expect((await hasty.heard).length).toBe(0);
    await expectLetIn(known, accepted);
  });

  it('cuts off whoever says nothing, and a worker that makes but two of its connections', async () => {
    const { transport } = transportOf({ dialTimeoutMs: 50 });
    const { known, accepted } = await expecting(transport);
    const silent = new Dialler(known.place);
    const half = [0, 1].map((channel) => new Dialler(known.place).say(preamble(known, channel)));
    const heard = await Promise.all([silent, ...half].map((each) => each.heard));
    expect(heard.map(({ length }) => length)).toEqual([0, 0, 0]);
    // At last: it has no longer than they had, and the machine may be busy.
    await expectLetInAtLast(known, accepted);
  });

  it('frees the places of a worker that goes before all three stand', async () => {
    const { transport } = transportOf();
    const { known, accepted } = await expecting(transport);
    const first = [0, 1].map((channel) => new Dialler(known.place).say(preamble(known, channel)));
    await untilSeated(known);
    for (const { socket } of first) socket.destroy();
    await Promise.all(first.map(({ heard }) => heard));
    await expectLetInAtLast(known, accepted);
  });

  it('takes the first of two workers with the same secret, and nothing of the other', async () => {
    const { transport } = transportOf();
    const { known, accepted } = await expecting(transport);
    const first = [0, 1].map((channel) => new Dialler(known.place).say(preamble(known, channel)));
    await untilSeated(known);
    const second = dialWhole(known);
    expect((await Promise.all(second.map(({ heard }) => heard))).map(({ length }) => length)).toEqual([
      0, 0, 0,
    ]);
    const last = new Dialler(known.place).say(preamble(known, 2));
    connections.push(await accepted);
    expect(await Promise.all([...first, last].map((channel) => channel.answer()))).toHaveLength(3);
  });

  it('sends the oldest strangers away where there are too many', async () => {
    const { transport } = transportOf();
    const { known, accepted } = await expecting(transport);
    const strangers = Array.from({ length: 140 }, () => new Dialler(known.place));
    await Promise.all(strangers.map(({ socket }) => once(socket, 'connect')));
    await Promise.all(strangers.slice(0, 12).map(({ heard }) => heard));
    await expectLetIn(known, accepted);
    for (const { socket } of strangers) socket.destroy();
  });

  it('lives through strangers that do not speak TLS, or trust somebody else', async () => {
    const { transport } = transportOf({ tcp: { host: '127.0.0.1' }, tls: tlsOptions() });
    const { known } = await expecting(transport);
    // What is heard is an alert of TLS.
    const plain = await new Dialler(known.place).say(preamble(known, 0)).heard;
    expect([...plain.subarray(0, 1)]).not.toEqual([...ANSWER]);
    const reset = new Dialler(known.place);
    await once(reset.socket, 'connect');
    reset.socket.resetAndDestroy();
    await reset.heard;
    const port = Number(known.place.split(':').at(-1));
    const distrustful = connectTls({ host: '127.0.0.1', port });
    const [error] = (await once(distrustful, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });
});

describe('offers that come to nothing', () => {
  it('rejects with the reason of its signal, and knows the worker no more', async () => {
    const { transport } = transportOf();
    const { known, accepted, abort } = await expecting(transport);
    const early = new Dialler(known.place).say(preamble(known, 0));
    await untilSeated(known);
    const reason = new Error('no longer wanted');
    abort.abort(reason);
    await expect(accepted).rejects.toBe(reason);
    const late = dialWhole(known);
    await Promise.all([early, ...late].map(({ heard }) => heard));
  });

  it('makes none for a launch that is aborted already', async () => {
    const { transport, folder } = transportOf();
    const reason = new Error('no longer wanted');
    await expect(transport.offer(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('withdraws, once, and tells whoever accepts it later', async () => {
    const { transport } = transportOf();
    const offer = await transport.offer(never);
    const known = knownFrom(offer);
    const seated = new Dialler(known.place).say(preamble(known, 0));
    await untilSeated(known);
    offer.withdraw();
    offer.withdraw();
    await Promise.all([seated, ...dialWhole(known)].map(({ heard }) => heard));
    await expect(offer.accept([], never)).rejects.toMatchObject({ code: 'start-failed' });
  });

  it('closes once, however often: rejects what waits and what comes, and leaves what stands', async () => {
    const { transport } = transportOf();
    const standing = await expecting(transport);
    const connection = await expectLetIn(standing.known, standing.accepted);
    const { known, accepted } = await expecting(transport);
    const [seated, silent] = [new Dialler(known.place).say(preamble(known, 0)), new Dialler(known.place)];
    await untilSeated(known);
    await Promise.all([transport.close(), transport.close()]);
    await Promise.all([seated.heard, silent.heard]);
    await expect(accepted).rejects.toMatchObject({ code: 'start-failed', retryable: false });
    await expect(transport.offer(never)).rejects.toMatchObject({ code: 'start-failed', retryable: false });
    await connection.requests.drained();
    expect(connection.requests.bufferedBytes).toBe(0);
  });

  it('closes while it begins to listen, and leaves nothing', async () => {
    const { transport, folder } = transportOf();
    const offered = expect(transport.offer(never)).rejects.toMatchObject({ code: 'start-failed' });
    await transport.close();
    await offered;
    expect(readdirSync(folder)).toEqual([]);
  });
});

/** Connections are taken in their order: once a stranger behind them has been cut off, they have their places. */
async function untilSeated({ place }: Known): Promise<void> {
  await new Dialler(place).say(Buffer.alloc(64)).heard;
}

/** Node notices on its own time that the first have gone, or may be late itself; a worker dials anew until it is let in. */
async function expectLetInAtLast(known: Known, accepted: Promise<Connection>): Promise<void> {
  let letIn: Connection | undefined;
  void accepted.then((connection) => (letIn = connection));
  while (letIn === undefined) {
    const channels = dialWhole(known);
    await Promise.race([accepted, Promise.all(channels.map(({ heard }) => heard))]);
  }
  connections.push(letIn);
}
