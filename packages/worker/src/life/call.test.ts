import { DEFAULT_LIMITS, FrameType } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordedCall } from '../calls/recorded-call.js';
import { launched, ready, settle } from './watched-worker.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a call', () => {
  it('travels with what there is of arguments and meta, starts, and is answered', async () => {
    const { fake, worker } = await ready();
    const plain = new RecordedCall({ args: [1, 'a'] });
    const marked = new RecordedCall({ meta: { session: { id: 's' } } });
    worker.run(plain);
    worker.run(marked);
    expect(plain.told).toEqual(['start']);
    expect(marked.told).toEqual([]);
    await settle();
    expect(fake.requests.map(({ callId, envelope }) => [callId, envelope])).toEqual([
      [1, '["f",[1,"a"]]'],
      [2, '["f",null,null,{"session":{"id":"s"}}]'],
    ]);
    fake.result(1, { n: 5 });
    fake.result(2, null);
    await settle();
    expect(plain.told).toEqual(['start', 'result {"n":5}']);
    expect(marked.told).toEqual(['start', 'result null']);
  });

  it('tells that it cannot be made again once its result is read into memory of its caller, where its arguments may lie', async () => {
    const { fake, worker } = await ready();
    const into = new Uint8Array(new SharedArrayBuffer(8));
    const call = Object.assign(new RecordedCall({ args: [into] }), { into });
    const other = new RecordedCall();
    const piecewise = Object.assign(new RecordedCall(), { into });
    for (const each of [call, other, piecewise]) worker.run(each);
    await settle();
    fake.result(1, { $: ['bytes', 0] }, true, [new Uint8Array(8).fill(7)]);
    fake.result(2, { $: ['bytes', 0] }, true, [new Uint8Array(8)]);
    await settle();
    // As whoever reads it from shared memory asks.
    for (let piece = 0; piece < 2; piece++) expect(worker.intoOf(3)).toBe(into);
    expect(piecewise.told).toEqual(['start', 'spent']);
    fake.result(3, { $: ['bytes', 0] }, true, [new Uint8Array(8).fill(7)]);
    await settle();
    expect(piecewise.told).toEqual(['start', 'spent', expect.stringMatching(/^result/)]);
    expect(call.told).toEqual(['start', 'spent', expect.stringMatching(/^result/)]);
    expect([...into]).toEqual(Array(8).fill(7));
    expect(other.told).toEqual(['start', expect.stringMatching(/^result/)]);
  });

  it('tells so also where its result is then found to be none, and its worker is at an end', async () => {
    const { fake, worker } = await ready();
    const call = Object.assign(new RecordedCall(), { into: new Uint8Array(8) });
    worker.run(call);
    await settle();
    fake.result(1, { $: ['no such tag', 0] }, true, [new Uint8Array(8)]);
    await settle();
    fake.die({ exitCode: undefined, signal: 'SIGKILL' });
    await settle();
    expect(call.told).toEqual(['start', 'spent', 'error protocol/unknown']);
  });

  it('is answered with what its handler raised', async () => {
    const { fake, worker } = await ready();
    const call = new RecordedCall();
    worker.run(call);
    fake.error(1, { kind: 'python', message: 'no', type: 'ValueError', module: 'builtins' });
    await settle();
    expect(call.error).toMatchObject({
      code: 'python-error',
      outcome: 'finished',
      message: 'ValueError: no',
      context: { function: 'f', workerId: 'pool-0.1' },
    });
    expect(worker.state).toBe('ready');
  });

  it('whose result is too large is told which, and what raises the limit', async () => {
    const { fake, worker } = await ready();
    const call = new RecordedCall();
    worker.run(call);
    fake.error(1, { kind: 'frame-too-large', message: 'an envelope is too large', bytes: 5, limit: 4 });
    await settle();
    expect(call.error).toMatchObject({
      code: 'frame-too-large',
      outcome: 'finished',
      message: expect.stringMatching(/^The result of f .*limits\.maxFrameBytes/) as string,
      context: { function: 'f', workerId: 'pool-0.1', bytes: 5, limit: 4 },
    });
  });

  it('that cannot be sent fails by itself, and nothing of it is sent', async () => {
    const { fake, worker } = await ready();
    const broken = new RecordedCall({ args: [() => 1] });
    const tooLarge = new RecordedCall({ args: ['x'.repeat(DEFAULT_LIMITS.maxFrameBytes)] });
    const good = new RecordedCall();
    for (const call of [broken, tooLarge, good]) worker.run(call);
    expect(broken.told).toEqual(['error unencodable/not-started']);
    expect(tooLarge.told).toEqual(['error frame-too-large/not-started']);
    expect(tooLarge.error).toMatchObject({
      message: expect.stringMatching(/The arguments of f .*limits\.maxFrameBytes/) as string,
      context: { function: 'f', limit: DEFAULT_LIMITS.maxFrameBytes },
    });
    await settle();
    expect(fake.requests.map(({ callId }) => callId)).toEqual([1]);
    expect(good.told).toEqual(['start']);
  });

  it('whose large buffer is transferred before it left ends the worker, and says so', async () => {
    const { fake, worker, told } = await ready();
    const bytes = new Uint8Array(100_000);
    const call = new RecordedCall({ args: [bytes] });
    worker.run(call);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    await worker.exited;
    expect(call.told).toEqual(['start', 'error protocol/unknown']);
    expect(call.error?.message).toContain('transferred');
    expect(fake.signals).toContain('SIGKILL');
    expect(told.unavailable).toHaveLength(1);
  });

  it.each(['RESULT', 'ERROR'])(
    'fails alone where a %s holds a type that this side does not know',
    async (frame) => {
      const { fake, worker } = await ready();
      const [broken, good] = [new RecordedCall(), new RecordedCall()];
      worker.run(broken);
      worker.run(good);
      const strange = { $: ['type', 'app.Money', 5] };
      if (frame === 'RESULT') fake.result(1, strange, true);
      else {
        fake.runtime.replies.send({
          type: FrameType.ERROR,
          callId: 1,
          tagged: true,
          buffers: [],
          envelope: JSON.stringify({ kind: 'python', message: 'm', type: 'E', module: 'm', args: [strange] }),
        });
      }
      fake.result(2, 2);
      await settle();
      expect(broken.told).toEqual(['start', 'error unencodable/finished']);
      expect(good.told).toEqual(['start', 'result 2']);
    },
  );

  it('is refused by a worker that takes none', async () => {
    const { worker } = await launched();
    const call = new RecordedCall();
    worker.run(call);
    expect(call.told).toEqual(['error worker-exited/not-started']);
    await worker.kill();
  });

  it('starts when a place is free, in the order of the calls', async () => {
    const { fake, worker } = await ready(2);
    const calls = [0, 1, 2, 3].map(() => new RecordedCall());
    for (const call of calls) worker.run(call);
    expect(calls.map(({ told }) => told.length)).toEqual([1, 1, 0, 0]);
    fake.result(2, 2);
    await settle();
    expect(calls.map(({ told }) => told.length)).toEqual([1, 2, 1, 0]);
  });
});
