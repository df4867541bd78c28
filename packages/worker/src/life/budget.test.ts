import { FrameType } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordedCall } from '../calls/recorded-call.js';
import { CANCELLED, ready, settle } from './watched-worker.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a budget', () => {
  it('counts from when its call left, not from what the program did before', async () => {
    const { fake, worker } = await ready();
    const call = new RecordedCall({ executionTimeoutMs: 100 });
    worker.run(call);
    vi.advanceTimersByTime(300);
    await settle();
    vi.advanceTimersByTime(99);
    await settle();
    expect(fake.control).toHaveLength(1);
    vi.advanceTimersByTime(2);
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.CANCEL });
    fake.error(1, CANCELLED);
    await settle();
    expect(call.told).toEqual(['start', 'error execution-timeout/finished']);
    expect(worker.state).toBe('ready');
  });

  it('that only the end of the worker ends answers its call when that is gone; a late reply is dropped', async () => {
    const { fake, worker, told } = await ready();
    fake.unkillable = true;
    const call = new RecordedCall({ executionTimeoutMs: 100 });
    worker.run(call);
    await settle();
    for (const ms of [101, 2_001, 501, 501]) {
      vi.advanceTimersByTime(ms);
      await settle();
    }
    expect(fake.signals).toEqual(['SIGINT', 'SIGTERM', 'SIGKILL']);
    expect(told.unavailable).toMatchObject([{ code: 'execution-timeout', context: { budgetMs: 100 } }]);
    expect(call.answers).toBe(0);
    fake.result(1, 'late');
    await settle();
    expect(call.answers).toBe(0);
    fake.die({ exitCode: undefined, signal: 'SIGKILL' });
    await settle();
    expect(call.error).toMatchObject({
      code: 'execution-timeout',
      outcome: 'unknown',
      context: { function: 'f', budgetMs: 100, pid: 4711, rung: 'sigkill' },
    });
    expect(call.told).toEqual(['start', 'error execution-timeout/unknown']);
    expect(told.exits).toMatchObject([{ reason: 'killed', signal: 'SIGKILL' }]);
  });

  it('runs from the start of the execution, not from the sending', async () => {
    const { fake, worker } = await ready();
    const first = new RecordedCall();
    const second = new RecordedCall({ executionTimeoutMs: 50 });
    worker.run(first);
    worker.run(second);
    vi.advanceTimersByTime(1_000);
    await settle();
    expect(worker.state).toBe('ready');
    fake.result(1, 1);
    await settle();
    vi.advanceTimersByTime(49);
    fake.result(2, 2);
    await settle();
    expect(second.told).toEqual(['start', 'result 2']);
  });

  it('lets a reply count that had arrived when the clock was looked at too late', async () => {
    const { fake, worker } = await ready();
    const call = new RecordedCall({ executionTimeoutMs: 50 });
    worker.run(call);
    await settle();
    fake.result(1, 'in time');
    vi.advanceTimersByTime(500);
    await settle();
    expect(call.told).toEqual(['start', 'result "in time"']);
    expect(worker.state).toBe('ready');
  });

  it('that stands beside a function is told as a fact of it, in milliseconds', async () => {
    const { worker } = await ready(1, [
      { name: 'f', timeoutSeconds: 2 },
      { name: 'g', concurrency: 3, idempotent: true },
      { name: 'plain' },
    ]);
    expect([...worker.functionFacts]).toEqual([
      ['f', { idempotent: false, executionTimeoutMs: 2_000, concurrency: undefined }],
      ['g', { idempotent: true, executionTimeoutMs: undefined, concurrency: 3 }],
    ]);
  });

  it('takes one timer for any number of calls', async () => {
    const { fake, worker } = await ready();
    const timers = vi.getTimerCount();
    for (let id = 1; id <= 100; id++) {
      worker.run(new RecordedCall({ executionTimeoutMs: 1_000 }));
      fake.result(id, id);
      await settle();
    }
    expect(vi.getTimerCount()).toBe(timers + 1);
    vi.advanceTimersByTime(10_000);
    await settle();
    expect(vi.getTimerCount()).toBe(timers);
    expect(worker.state).toBe('ready');
  });
});
