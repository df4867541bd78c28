import { createError, FrameType } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordedCall } from '../calls/recorded-call.js';
import { ready, SEGFAULT, settle, type WatchedWorker } from './watched-worker.js';

const CAPABILITIES = ['stream', 'interrupt', 'revoke'];
/** More than is copied as it is sent, and than a channel takes unread. */
const LARGE_BYTES = 100_000;
const aborted = createError({ code: 'aborted', message: 'No longer wanted.' });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function revocable(concurrency = 1): Promise<WatchedWorker> {
  return ready(concurrency, [{ name: 'f' }], CAPABILITIES);
}

function runAll({ worker }: WatchedWorker, count: number): RecordedCall[] {
  const calls = Array.from({ length: count }, () => new RecordedCall());
  for (const call of calls) worker.run(call);
  return calls;
}

/** What the runtime was asked to give back. */
function asked({ fake }: WatchedWorker): unknown[] {
  return fake.control
    .filter(({ type }) => type === FrameType.REVOKE)
    .map(({ envelope }) => (JSON.parse(envelope) as { ids: unknown }).ids);
}

describe('taking calls back', () => {
  it('asks for those that wait, each once, and is done when the runtime says so', async () => {
    const home = await revocable();
    const calls = runAll(home, 4);
    home.worker.revoke?.(calls);
    home.worker.revoke?.(calls.slice(2));
    await settle();
    expect(asked(home)).toEqual([[2, 3, 4]]);
    expect(calls.map(({ answers }) => answers)).toEqual([0, 0, 0, 0]);
    home.fake.revoked(2, 4);
    home.fake.result(1, 'one');
    home.fake.result(3, 'three');
    await settle();
    expect(calls.map(({ told }) => told)).toEqual([
      ['start', 'result "one"'],
      ['revoked'],
      ['start', 'result "three"'],
      ['revoked'],
    ]);
    expect(home.worker.idle).toBe(true);
  });

  it('takes back one whose place seemed free, since replies overtook control, and starts the next', async () => {
    const home = await revocable();
    const calls = runAll(home, 3);
    home.worker.revoke?.(calls.slice(1, 2));
    home.fake.result(1, 'one');
    await settle();
    expect(calls.map(({ told }) => told.at(-1))).toEqual(['result "one"', 'start', undefined]);
    home.fake.revoked(2);
    await settle();
    expect(calls.map(({ told }) => told.at(-1))).toEqual(['result "one"', 'revoked', 'start']);
  });

  it('goes after one no longer that was to end, and never ran', async () => {
    const home = await revocable();
    const calls = runAll(home, 2);
    home.worker.revoke?.(calls);
    home.fake.result(1, 'one');
    await settle();
    home.worker.cancel(calls[1]!, aborted);
    home.fake.revoked(2);
    await settle();
    expect(calls[1]!.told).toEqual(['start', 'error aborted/not-started']);
    vi.advanceTimersByTime(60_000);
    await settle();
    expect(home.fake.signals).toEqual([]);
    expect(home.worker.state).toBe('ready');
  });

  it('answers a call that is ended while it waits without waiting for those before it', async () => {
    const home = await revocable();
    const [, call] = runAll(home, 2);
    const stream = new RecordedCall({ kind: 'stream', credit: 1 });
    home.worker.run(stream);
    home.worker.cancel(call!, aborted);
    home.worker.leave(stream);
    await settle();
    expect(asked(home)).toEqual([[2], [3]]);
    home.fake.revoked(2);
    home.fake.revoked(3);
    await settle();
    expect(call!.told).toEqual(['error aborted/not-started']);
    expect(call!.error?.message).toBe('No longer wanted. It had not begun.');
    expect(stream.told).toEqual(['result undefined']);
  });

  it('ends a worker that gives back what it was not asked for, or has answered', async () => {
    for (const ids of [[1], [2, 2], [7]]) {
      const home = await revocable();
      const calls = runAll(home, 2);
      home.worker.revoke?.(calls);
      home.fake.revoked(...ids);
      const exit = await home.worker.exited;
      expect(exit).toMatchObject({ reason: 'killed', error: { code: 'protocol' } });
      expect(calls.map(({ answers }) => answers)).toEqual([1, 1]);
    }
  });

  it('is not offered where the runtime cannot', async () => {
    const home = await ready();
    const [, call] = runAll(home, 2);
    expect(home.worker.revoke).toBeUndefined();
    home.worker.cancel(call!, aborted);
    await settle();
    expect(home.fake.control.at(-1)?.type).toBe(FrameType.CANCEL);
  });
});

describe('the memory of a call that was sent ahead', () => {
  it.each(['taken back', 'ended'])(
    "is its caller's again when it is %s, read by the worker or not",
    async (how) => {
      const home = await revocable();
      // The worker has not read what it was sent first, so that what follows lies in Node's memory when it is given back.
      home.fake.runtime.streams.requests.pause();
      home.worker.run(new RecordedCall({ args: [new Uint8Array(LARGE_BYTES)] }));
      await settle();
      const given = Array.from({ length: 3 }, (_, index) => new Uint8Array(LARGE_BYTES).fill(index + 1));
      const calls = given.map((bytes) => new RecordedCall({ args: [bytes] }));
      for (const call of calls) home.worker.run(call);
      await settle();
      if (how === 'ended') for (const call of calls) home.worker.cancel(call, aborted);
      else home.worker.revoke?.(calls);
      home.fake.revoked(2, 3, 4);
      await settle();
      expect(calls.map(({ answers }) => answers)).toEqual([1, 1, 1]);
      given[0]!.fill(9);
      for (const { buffer } of given.slice(1)) structuredClone(buffer, { transfer: [buffer] });
      home.fake.runtime.streams.requests.resume();
      home.worker.run(new RecordedCall({ name: 'g' }));
      await settle();
      const { requests } = home.fake;
      expect(requests.map(({ buffers }) => buffers.map((bytes) => [bytes.byteLength, bytes[0]]))).toEqual([
        [[LARGE_BYTES, 0]],
        [[LARGE_BYTES, 1]],
        [[LARGE_BYTES, 2]],
        [[LARGE_BYTES, 3]],
        [],
      ]);
      expect(requests.at(-1)?.envelope).toBe('["g"]');
      expect(home.worker.state).toBe('ready');
    },
  );
});

describe('a worker that dies with calls asked back', () => {
  it('has begun none of them while the call before them had no answer', async () => {
    const home = await revocable();
    const calls = runAll(home, 3);
    home.worker.revoke?.(calls);
    home.fake.die(SEGFAULT);
    await home.worker.exited;
    expect(calls.map(({ told }) => told.at(-1))).toEqual([
      'error worker-exited/unknown',
      'error worker-exited/not-started',
      'error worker-exited/not-started',
    ]);
  });

  it('may have begun any of them after that, and the first behind those it may have dropped', async () => {
    const home = await revocable();
    const calls = runAll(home, 5);
    home.worker.revoke?.(calls.slice(1, 3));
    home.fake.result(1, 'one');
    home.fake.die(SEGFAULT);
    await home.worker.exited;
    expect(calls.map(({ told }) => told.at(-1))).toEqual([
      'result "one"',
      'error worker-exited/unknown',
      'error worker-exited/unknown',
      'error worker-exited/unknown',
      'error worker-exited/not-started',
    ]);
  });

  it('was asked for none where that could reach nobody any more: of those that waited only the first may have begun', async () => {
    const killed = await revocable();
    const silent = await revocable();
    for (const home of [killed, silent]) {
      const calls = runAll(home, 4);
      home.told.onUnavailable = () => home.worker.revoke?.(calls);
      if (home === silent) {
        home.fake.runtime.control.end();
        await settle();
        expect(home.worker.state).toBe('ending');
      }
      home.fake.result(1, 'one');
      home.fake.die(SEGFAULT);
      await home.worker.exited;
      expect(home.told.unavailable).toHaveLength(1);
      expect(asked(home)).toEqual([]);
      expect(calls.map(({ told }) => told.at(-1))).toEqual([
        'result "one"',
        'error worker-exited/unknown',
        'error worker-exited/not-started',
        'error worker-exited/not-started',
      ]);
    }
  });

  it('tells those that it gave back first, and what it said of them holds', async () => {
    const home = await revocable();
    const calls = runAll(home, 3);
    home.worker.revoke?.(calls);
    home.fake.revoked(2, 3);
    home.fake.die(SEGFAULT);
    await home.worker.exited;
    expect(calls.map(({ told }) => told.at(-1))).toEqual([
      'error worker-exited/unknown',
      'revoked',
      'revoked',
    ]);
  });
});

describe('the clock of a call that was sent ahead', () => {
  it('starts when one of the calls that had the places is answered', async () => {
    const home = await revocable(2);
    const calls = runAll(home, 2);
    const ahead = new RecordedCall({ executionTimeoutMs: 100 });
    home.worker.run(ahead);
    vi.advanceTimersByTime(5_000);
    await settle();
    expect(ahead.told).toEqual([]);
    home.fake.result(2, 'two');
    await settle();
    expect(ahead.told).toEqual(['start']);
    vi.advanceTimersByTime(101);
    await settle();
    expect(home.fake.control.at(-1)).toMatchObject({ type: FrameType.CANCEL, callId: 3 });
    expect(calls[0]!.answers).toBe(0);
  });
});
