import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LoneWorker, WorkerEvents } from '../src/index.js';
import { untilStopped } from './processes.js';
import { leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

const linux = process.platform === 'linux';

/** The next event of that name. */
function next<Name extends keyof WorkerEvents>(worker: LoneWorker, name: Name): Promise<WorkerEvents[Name]> {
  return new Promise((resolve) => worker.on(name, resolve));
}

/** So many heartbeats, each followed by what they find. */
async function beats(count: number): Promise<void> {
  for (let beat = 0; beat < count; beat++) {
    vi.advanceTimersByTime(50);
    await turn();
  }
}

describe.skipIf(!linux)('a worker whose process is stopped', () => {
  // Hearts beat when these tests say so: a busy machine may keep a process that is not stopped from answering in time.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('is ended with the stream that has no limit, and what is tried then fails at once', async () => {
    const options = { heartbeatIntervalMs: 50, unresponsiveTimeoutMs: 200 };
    await using worker = await workerFor('stand_still', options);
    const items = worker.stream<number>('yield_then_nap', [1]);
    expect(await items.next()).toEqual({ done: false, value: 0 });
    const rest = rejection(items.next());
    const suspect = next(worker, 'worker-suspect');
    process.kill(worker.pid, 'SIGSTOP');
    await untilStopped(worker.pid);
    await beats(2);
    expect(await suspect).toMatchObject({ workerId: worker.name, stopped: true });
    await beats(5);
    expect(await rest).toMatchObject({
      code: 'worker-unresponsive',
      outcome: 'unknown',
      context: { stopped: true, unresponsiveTimeoutMs: 200 },
    });
    expect(await worker.exited).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
    expect(await rejection(worker.call('pid'))).toMatchObject({ code: 'worker-exited' });
  });

  it('serves on where it goes on in time', async () => {
    await using worker = await workerFor('stand_still', { heartbeatIntervalMs: 50 });
    const suspect = next(worker, 'worker-suspect');
    process.kill(worker.pid, 'SIGSTOP');
    await untilStopped(worker.pid);
    await beats(2);
    expect(await suspect).toMatchObject({ stopped: true });
    const recovered = next(worker, 'worker-recovered');
    process.kill(worker.pid, 'SIGCONT');
    await recovered;
    expect(await worker.call('pid')).toBe(worker.pid);
  });
});

describe('a worker whose interpreter is held by C code', () => {
  it('is left alone while a call runs: that ends by its budget', async () => {
    const options = {
      heartbeatIntervalMs: 50,
      unresponsiveTimeoutMs: 500,
      cancelGraces: { interruptMs: 100, sigintMs: 100, sigtermMs: 30_000 },
    };
    await using worker = await workerFor('stand_still', options);
    const suspect = next(worker, 'worker-suspect');
    const error = await rejection(worker.call('exhaust', [], { executionTimeoutMs: 2_000 }));
    expect(await suspect).toMatchObject({ stopped: false });
    expect(error).toMatchObject({ code: 'execution-timeout', context: { rung: 'sigterm' } });
  });

  it('is ended where no call runs', async () => {
    // Long enough that a busy machine does not keep it from answering until then.
    const options = { heartbeatIntervalMs: 200, unresponsiveTimeoutMs: 1_000 };
    await using worker = await workerFor('stand_still', options);
    await worker.call('leave_a_hold');
    const exit = await worker.exited;
    expect(exit).toMatchObject({ reason: 'killed', error: { code: 'worker-unresponsive' } });
    expect(exit.error?.message).toContain('it had no call');
  });
});

describe('a stall of Node', () => {
  it('blames no worker', async () => {
    const options = { heartbeatIntervalMs: 800, unresponsiveTimeoutMs: 0 };
    await using worker = await workerFor('stand_still', options);
    const suspects: unknown[] = [];
    worker.on('worker-suspect', (event) => suspects.push(event));
    for (let stall = 0; stall < 2; stall++) {
      await worker.call('pid');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_400);
      // What was in the air meanwhile is read, and judged.
      await turn();
      await turn();
    }
    expect(await worker.call('pid')).toBe(worker.pid);
    expect(suspects).toEqual([]);
  });
});
