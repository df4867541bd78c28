import { createError } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordedCall } from '../calls/recorded-call.js';
import type { FakeProcess } from './fake-process.js';
import { ready, SEGFAULT, settle } from './watched-worker.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a worker that dies', () => {
  it('answers what ran as unknown and what waited as not started, then says that it is gone', async () => {
    const { fake, worker, told } = await ready(2);
    const calls = [0, 1, 2, 3].map((n) => new RecordedCall({ name: `f${n}` }));
    for (const call of calls) worker.run(call);
    fake.result(1, 'made it');
    fake.stderr.write('Fatal Python error: Segmentation fault\n');
    fake.die(SEGFAULT);
    const exit = await worker.exited;
    expect(calls.map(({ told }) => told.at(-1))).toEqual([
      'result "made it"',
      'error worker-exited/unknown',
      'error worker-exited/unknown',
      'error worker-exited/not-started',
    ]);
    expect(calls[1]?.error).toMatchObject({
      message: expect.stringMatching(/pid 4711.*SIGSEGV.*f1.*Segmentation fault/s) as string,
      context: { signal: 'SIGSEGV', exitCode: null, stderr: ['Fatal Python error: Segmentation fault'] },
    });
    expect(exit).toMatchObject({ reason: 'died', signal: 'SIGSEGV', error: { code: 'worker-exited' } });
    expect(told.exits).toEqual([exit]);
    expect(told.unavailable).toHaveLength(1);
    expect(fake.signals).toContain('SIGKILL');
  });

  it('says of a call that was cancelled while it died what became of that, whatever its caller took it for', async () => {
    const { fake, worker } = await ready();
    const [first, second, third] = [0, 1, 2].map(() => new RecordedCall());
    for (const call of [first!, second!, third!]) worker.run(call);
    fake.result(1, 'which nobody has read yet');
    fake.die(SEGFAULT);
    while (worker.state !== 'dying') await Promise.resolve();
    for (const call of [second!, third!]) {
      worker.cancel(call, createError({ code: 'aborted', message: 'Nobody waits.', outcome: 'not-started' }));
    }
    await worker.exited;
    expect(first!.told.at(-1)).toMatch(/^result/);
    expect(second!.error).toMatchObject({ code: 'aborted', outcome: 'unknown' });
    expect(third!.error).toMatchObject({ code: 'aborted', outcome: 'not-started' });
  });

  it('in the middle of a frame leaves it unknown what became of all that it had: that may be garbage, which took answers for its rest', async () => {
    const { fake, worker } = await ready();
    const [call, behind] = [new RecordedCall(), new RecordedCall()];
    worker.run(call);
    worker.run(behind);
    fake.runtime.streams.replies.write(Uint8Array.of(0, 4, 0, 0, 2, 0, 0, 0, 1));
    fake.result(1, 'taken for the rest');
    await settle();
    fake.die(SEGFAULT);
    const exit = await worker.exited;
    expect(call.answers).toBe(1);
    expect(call.error).toMatchObject({
      code: 'worker-exited',
      outcome: 'unknown',
      context: { signal: 'SIGSEGV' },
    });
    expect(behind.error).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    expect(exit).toMatchObject({ reason: 'died', signal: 'SIGSEGV' });
  });

  it('whose channels end takes no more calls, and has a moment for an exit of its own', async () => {
    const { fake, worker, told } = await ready();
    const call = new RecordedCall();
    worker.run(call);
    fake.runtime.replies.end();
    await settle();
    expect(worker.state).toBe('ending');
    expect(told.unavailable).toHaveLength(1);
    expect(fake.signals).toEqual([]);
    expect(call.answers).toBe(0);
    fake.die({ exitCode: 3, signal: undefined });
    expect(await worker.exited).toMatchObject({ reason: 'died', exitCode: 3 });
    expect(call.error).toMatchObject({ outcome: 'unknown', context: { exitCode: 3 } });
    expect(told.unavailable).toHaveLength(1);
  });

  it('whose channels end and that runs on is killed for that', async () => {
    const { fake, worker, told } = await ready();
    const call = new RecordedCall();
    worker.run(call);
    fake.runtime.control.end();
    await settle();
    vi.advanceTimersByTime(1_001);
    expect(await worker.exited).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
    expect(call.error).toMatchObject({
      code: 'protocol',
      outcome: 'unknown',
      message: expect.stringContaining('went on running') as string,
    });
    expect(told.unavailable).toHaveLength(1);
  });

  it('is killed at once when that is asked for, also while its own exit is awaited', async () => {
    const { fake, worker } = await ready();
    fake.runtime.control.end();
    await settle();
    expect(await worker.kill()).toMatchObject({ reason: 'killed' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('for breaking the protocol is listened to no more: what is behind that does not count', async () => {
    const { fake, worker } = await ready(2);
    const calls = [new RecordedCall(), new RecordedCall(), new RecordedCall()];
    for (const call of calls) worker.run(call);
    fake.result(7, 'to no call');
    fake.result(1, 'too late');
    await worker.exited;
    expect(calls.map(({ error }) => [error?.code, error?.outcome])).toEqual([
      ['protocol', 'unknown'],
      ['protocol', 'unknown'],
      ['protocol', 'unknown'],
    ]);
  });

  it('and cannot be read to the end leaves the outcome of every call unknown', async () => {
    const { fake, worker } = await ready();
    const calls = [new RecordedCall(), new RecordedCall()];
    for (const call of calls) worker.run(call);
    await settle();
    fake.haunted = true;
    fake.die(SEGFAULT);
    await settle();
    expect(calls.map(({ answers }) => answers)).toEqual([0, 0]);
    vi.advanceTimersByTime(1_001);
    await worker.exited;
    expect(calls.map(({ error }) => error?.outcome)).toEqual(['unknown', 'unknown']);
  });

  it('is read to its end also where Node was too busy for that in time', async () => {
    const { fake, worker } = await ready();
    const call = new RecordedCall();
    worker.run(call);
    await settle();
    fake.haunted = true;
    fake.die({ exitCode: 0, signal: undefined });
    await settle();
    fake.result(1, 'made it');
    vi.advanceTimersByTime(5_000);
    await worker.exited;
    expect(call.told).toEqual(['start', 'result "made it"']);
  });

  it('and cannot be reaped is reported and let go', async () => {
    const { fake, worker, told } = await ready();
    fake.unkillable = true;
    const call = new RecordedCall();
    worker.run(call);
    void worker.kill();
    await settle();
    expect(call.answers).toBe(0);
    vi.advanceTimersByTime(10_001);
    expect(await worker.exited).toMatchObject({
      reason: 'killed',
      exitCode: undefined,
      error: { code: 'worker-unresponsive' },
    });
    expect(call.error).toMatchObject({ code: 'worker-unresponsive', outcome: 'unknown' });
    fake.die({ exitCode: 0, signal: undefined });
    await settle();
    expect(told.exits).toHaveLength(1);
    expect(call.answers).toBe(1);
  });

  it.each([
    [
      'bytes that are no frame',
      (fake: FakeProcess) => fake.runtime.streams.replies.write('not a frame at all'),
    ],
    ['a reply to a call that never was', (fake: FakeProcess) => fake.result(7, 1)],
    ['two replies to one call', (fake: FakeProcess) => [fake.result(1, 1), fake.result(1, 1)]],
    ['an item of what is no stream', (fake: FakeProcess) => fake.items(1, [1])],
    ['an error that is none', (fake: FakeProcess) => fake.error(1, { kind: 'odd' })],
    ['a second READY', (fake: FakeProcess) => fake.ready()],
    ['START_FAILED after READY', (fake: FakeProcess) => fake.startFailed('no', '')],
  ])('of %s is killed for breaking the protocol', async (_what, say) => {
    const { fake, worker, told } = await ready();
    const call = new RecordedCall();
    worker.run(call);
    await settle();
    say(fake);
    const exit = await worker.exited;
    expect(call.answers).toBe(1);
    expect(exit).toMatchObject({ reason: 'killed', error: { code: 'protocol' } });
    expect(told.unavailable).toMatchObject([{ code: 'protocol' }]);
  });

  it('is told so once to whoever watches, before its exit', async () => {
    const { fake, worker, told } = await ready();
    fake.runtime.streams.control.end();
    fake.die(SEGFAULT);
    void worker.kill();
    void worker.close({ timeoutMs: 0 });
    await worker.exited;
    expect(told.unavailable).toHaveLength(1);
    expect(told.exits).toHaveLength(1);
  });
});
