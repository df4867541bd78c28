import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../src/gateway.js';
import type {
  LiveHistory,
  LivePool,
  LiveSample,
  LiveSession,
  LiveSessions,
  LiveWaiting,
  LiveWorker,
} from '../src/live/messages.js';
import { eventsOf, LiveListener } from './events.js';
import { gatewayFor, post } from './gateway-for.js';

let gateway: Gateway;
let url: string;
beforeAll(async () => {
  gateway = await gatewayFor();
  url = gateway.url;
});
afterAll(() => gateway.close());

describe('the live feed', () => {
  it('begins with what there is: history, pool, functions, workers, sessions', async () => {
    await post(`${url}/call/fail`);
    await using live = await LiveListener.of(url);
    const told = Object.fromEntries(live.seen.map(({ event, data }) => [event, data]));
    expect(Object.keys(told)).toEqual(['history', 'pool', 'functions', 'workers', 'waiting', 'sessions']);
    expect(told['history'].failures.at(-1)).toMatchObject({
      function: 'fail',
      category: 'python',
      code: 'python-error',
      outcome: 'finished',
      traceback: expect.stringMatching(/served\.py.*ValueError: no such luck/s),
    });
    expect(told['pool']).toMatchObject({ name: 'gateway', state: 'open', size: 1, overflow: 0 });
    expect(told['workers']).toContainEqual(
      expect.objectContaining({ state: 'ready', pid: expect.any(Number), running: [] }),
    );
    expect(told['functions']).toContainEqual({
      name: 'crop',
      kind: 'call',
      doc: 'Cut some bytes off.',
      returns: 'bytes',
      parameters: [
        { name: 'data', kind: 'either', required: true, hint: 'bytes', schema: { contentMediaType: 'application/octet-stream' } }, // prettier-ignore
        { name: 'width', kind: 'either', required: true, hint: 'int', schema: { type: 'integer' } },
        { name: 'mode', kind: 'keyword', required: false, hint: "Literal['left', 'right']", schema: { enum: ['left', 'right'] }, default: 'left' }, // prettier-ignore
      ],
    });
  });

  it('tells each second how many calls ended in it, and how long they took', async () => {
    await using live = await LiveListener.of(url);
    await live.next('sample');
    let sample: LiveSample;
    let tries = 0;
    // A call may be under way as a second ends, and a stall may pass over one: both are not so each time.
    do {
      for (let call = 0; call < 3; call += 1) await post(`${url}/call/echo`, [1]);
      sample = await live.next('sample', ({ calls }) => calls > 0);
    } while (sample.running !== 0 && ++tries < 10);
    expect(sample).toMatchObject({ failures: 0, queued: 0, running: 0 });
    expect(sample.time % 1000).toBe(0);
    expect(sample.p50Ms).toBeLessThanOrEqual(sample.p99Ms!);
    let next: LiveSample = await live.next('sample');
    for (tries = 0; next.time !== sample.time + 1000 && tries < 10; tries += 1)
      [sample, next] = [next, await live.next('sample')];
    expect(next.time).toBe(sample.time + 1000);
  });

  it('tells what each worker runs, and its memory', async () => {
    await using live = await LiveListener.of(url);
    const client = new AbortController();
    const call = post(`${url}/sessions/napper/call/nap`, [3600], { signal: client.signal }).catch(
      () => undefined,
    );
    const worker = await live.busy();
    expect(worker.running).toMatchObject([{ function: 'nap', kind: 'call', session: 'napper' }]);
    if (process.platform === 'linux') {
      const isMeasured = ({ id, rssBytes }: LiveWorker) => id === worker.id && rssBytes! > 2 ** 20;
      await live.sooner('workers', (all) => all.some(isMeasured));
    }
    const isNapper = ({ id }: LiveSession) => id === 'napper';
    const { recent }: LiveSessions = await live.sooner('sessions', (told) => told.recent.some(isNapper));
    expect(recent.find(isNapper)).toMatchObject({ operations: 1, inFlight: 1 });
    client.abort();
    await call;
  });

  it('tells which calls wait, since when and what for, the longest first and no more than twenty', async () => {
    await using live = await LiveListener.of(url);
    const gone = new AbortController();
    const init = { signal: gone.signal };
    const calls = [post(`${url}/call/nap`, [3600], init)];
    await live.busy();
    calls.push(post(`${url}/sessions/me/call/echo`, ['first'], init));
    await live.next('waiting', ({ queued }) => queued === 1);
    for (let call = 0; call < 24; call += 1) calls.push(post(`${url}/call/count`, [1], init));
    const told: LiveWaiting = await live.next('waiting', ({ queued }) => queued === 25);
    expect(told.calls).toHaveLength(20);
    expect(told.calls.slice(0, 2)).toMatchObject([
      { function: 'echo', kind: 'call', session: 'me', why: 'all 1 workers are busy' },
      { function: 'count', kind: 'stream' },
    ]);
    const ids = told.calls.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
    gone.abort();
    await Promise.allSettled(calls);
    expect(await live.next('waiting', ({ queued }) => queued === 0)).toEqual({ queued: 0, calls: [] });
  });

  it('tells that a worker has died, with what it lost, and that another takes its place', async () => {
    await using live = await LiveListener.of(url);
    const client = post(`${url}/call/nap`, [3600]);
    const victim = await live.busy();
    process.kill(victim.pid!, 'SIGKILL');
    expect(await live.next('failure')).toMatchObject({
      function: 'nap',
      code: 'worker-exited',
      outcome: 'unknown',
    });
    expect((await client).status).toBe(502);
    // In its slot, or in the next where the dead one is still being collected.
    const isNext = ({ id, state }: LiveWorker) => id !== victim.id && state === 'ready';
    const workers: LiveWorker[] = await live.next('workers', (all) => all.some(isNext));
    const next = workers.find(isNext)!;
    expect(next.restarts).toBe(next.slot === victim.slot ? victim.restarts + 1 : 0);
    // It may still be being collected by then.
    const isGone = ({ id, state }: LiveWorker) => id === victim.id && state === 'gone';
    const told: LiveWorker[] = await live.sooner('workers', (all) => all.some(isGone));
    expect(told.find(isGone)).toMatchObject({ reason: 'died (SIGKILL)' });
  });

  it('leaves out nothing of what there is, however much was before and however slowly it is read', async () => {
    await using own = await gatewayFor();
    await post(`${own.url}/call/shout`, [300, 8_000]);
    const remembered = async () => {
      await using live = await LiveListener.of(own.url);
      return (live.seen[0]!.data as LiveHistory).logs.length;
    };
    // One that listens meanwhile would be too slow for some.
    while ((await remembered()) < 300);
    await using live = await LiveListener.of(own.url);
    const asked = get(`${own.url}/live`);
    const [slow] = (await once(asked, 'response')) as [IncomingMessage];
    // Nothing of it is read by now, so this is left out.
    await post(`${own.url}/admin/resize`, { size: 2 });
    await live.next('pool', ({ size }) => size === 2);
    const told: string[] = [];
    let size = 1;
    for await (const { event, data } of eventsOf(new Response(Readable.toWeb(slow) as ReadableStream))) {
      told.push(event);
      if (event === 'pool') size = (data as LivePool).size;
      if (size === 2) break;
    }
    expect(told.slice(0, 7)).toEqual([
      'history',
      'pool',
      'functions',
      'workers',
      'waiting',
      'sessions',
      'dropped',
    ]);
    asked.destroy();
  });

  it('tells what Python logs, with the call that it was logged for', async () => {
    await using live = await LiveListener.of(url);
    await post(`${url}/call/nap`, [0]);
    expect(await live.next('log', ({ text }) => text === 'nap ended')).toMatchObject({
      level: 'warning',
      source: 'logging',
      function: 'nap',
      text: 'nap ended',
      worker: expect.any(String),
    });
  });
});
