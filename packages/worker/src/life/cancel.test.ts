import { createError } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordedCall } from '../calls/recorded-call.js';
import { CANCELLED, launched, ready, settle } from './watched-worker.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('cancelling', () => {
  const aborted = createError({ code: 'aborted', message: 'No longer wanted.', outcome: 'unknown' });

  it('interrupts, and the worker serves on; one that was interrupted too often says so once', async () => {
    const { fake, worker, told } = await ready();
    for (let id = 1; id <= 4; id++) {
      const call = new RecordedCall();
      worker.run(call);
      worker.cancel(call, aborted);
      fake.error(id, CANCELLED);
      await settle();
      expect(call.told).toEqual(['start', 'error aborted/finished']);
      expect(told.worn).toBe(id > 1 ? 1 : 0);
    }
    expect(worker.state).toBe('ready');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that takes a signal ends the worker, which may be hit late, and what waits behind goes elsewhere', async () => {
    const { fake, worker, told } = await ready();
    const [cancelled, behind] = [new RecordedCall(), new RecordedCall()];
    worker.run(cancelled);
    worker.run(behind);
    worker.cancel(cancelled, aborted);
    await settle();
    vi.advanceTimersByTime(2_001);
    await settle();
    fake.error(1, { kind: 'python', message: '', type: 'KeyboardInterrupt', module: 'builtins' });
    await settle();
    expect(cancelled.told).toEqual(['start', 'error aborted/finished']);
    expect(cancelled.error?.context).toMatchObject({ rung: 'sigint' });
    expect(told.unavailable).toEqual([aborted]);
    expect(await worker.exited).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
    // Nothing of that is told to who stood behind.
    expect(behind.error).toMatchObject({ code: 'worker-exited' });
    expect(behind.answers).toBe(1);
    worker.cancel(cancelled, createError({ code: 'aborted', message: 'again' }));
    expect(cancelled.answers).toBe(1);
  });

  it('by SIGTERM counts as our doing', async () => {
    const { fake, worker, told } = await ready();
    const call = new RecordedCall();
    worker.run(call);
    worker.cancel(call, aborted);
    for (const ms of [2_001, 501]) {
      vi.advanceTimersByTime(ms);
      await settle();
    }
    expect(fake.signals).toContain('SIGTERM');
    expect(await worker.exited).toMatchObject({ reason: 'killed', signal: 'SIGTERM' });
    expect(call.error).toMatchObject({
      outcome: 'unknown',
      message: 'No longer wanted. It ended after SIGTERM.',
      context: { rung: 'sigterm' },
    });
    expect(told.unavailable).toEqual([aborted]);
  });

  it('of a stream that its consumer left, and that goes on, is why the worker ends', async () => {
    const { worker, told } = await ready(1, [{ name: 'f', stream: true }]);
    const stream = new RecordedCall({ kind: 'stream', credit: 1 });
    worker.run(stream);
    worker.leave(stream);
    for (const ms of [2_001, 501]) {
      vi.advanceTimersByTime(ms);
      await settle();
    }
    await worker.exited;
    expect(told.unavailable).toMatchObject([
      { code: 'aborted', message: expect.stringContaining('left') as string },
    ]);
  });

  it('of a function that is to be killed does not ask', async () => {
    const { fake, worker } = await ready(1, [{ name: 'f', cancel: 'kill' }]);
    const call = new RecordedCall();
    worker.run(call);
    worker.cancel(call, aborted);
    expect(fake.signals).toEqual(['SIGKILL']);
    await worker.exited;
    expect(call.error).toMatchObject({ code: 'aborted', outcome: 'unknown', context: { rung: 'sigkill' } });
  });

  it('of a runtime that cannot interrupt ends the worker', async () => {
    const { fake, worker } = await launched();
    fake.hello({ capabilities: ['stream'] });
    fake.ready([{ name: 'f' }]);
    await worker.started;
    const call = new RecordedCall();
    worker.run(call);
    worker.cancel(call, aborted);
    await worker.exited;
    expect(fake.signals).toContain('SIGKILL');
    expect(call.told).toEqual(['start', 'error aborted/unknown']);
  });
});
