import { createError, FrameType } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordedCall } from '../calls/recorded-call.js';
import { ready, settle } from './watched-worker.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('closing', () => {
  it('ends requests, lets running calls finish, and resolves when the worker has exited', async () => {
    const { fake, worker, told } = await ready();
    const call = new RecordedCall();
    worker.run(call);
    const closed = worker.close({ timeoutMs: 5_000 });
    expect(worker.close({ timeoutMs: 5_000 })).toBe(closed);
    const late = new RecordedCall();
    worker.run(late);
    expect(late.told).toEqual(['error worker-exited/not-started']);
    await settle();
    expect(fake.requestsEnded).toBe(true);
    fake.result(1, 'done');
    fake.die({ exitCode: 0, signal: undefined });
    expect(await closed).toEqual({ reason: 'closed', exitCode: 0, signal: undefined, error: undefined });
    expect(call.told).toEqual(['start', 'result "done"']);
    expect(told.exits).toHaveLength(1);
    expect(told.unavailable).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('kills at the end of its time, the shortest that was given', async () => {
    const { worker } = await ready();
    const call = new RecordedCall();
    worker.run(call);
    void worker.close({ timeoutMs: Infinity });
    void worker.close({ timeoutMs: 100 });
    void worker.close({ timeoutMs: 60_000 });
    await settle();
    vi.advanceTimersByTime(101);
    expect(await worker.exited).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
    expect(call.error).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
  });

  it('kills with a reason that its calls get', async () => {
    const { worker } = await ready();
    const call = new RecordedCall();
    worker.run(call);
    await worker.kill(createError({ code: 'pool-closed', message: 'closed by force' }));
    expect(call.error).toMatchObject({ code: 'pool-closed', outcome: 'unknown', message: 'closed by force' });
  });
});

describe('what a worker says besides', () => {
  it('reaches whoever watches: output, pongs, events', async () => {
    const { fake, worker, told } = await ready();
    fake.stdout.write('one\ntwo');
    fake.stderr.write('bad\n');
    worker.ping(3);
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.PING, envelope: '{"n":3}' });
    fake.runtime.control.send({
      type: FrameType.PONG,
      tagged: false,
      callId: 0,
      buffers: [],
      envelope: '{"n":3,"running":null,"busyMs":0}',
    });
    fake.die({ exitCode: 0, signal: undefined });
    await worker.exited;
    expect(told.pongs).toEqual([3]);
    expect(told.output.sort()).toEqual(['stderr: bad', 'stdout: one', 'stdout: two']);
  });
});
