import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { LoneWorker, WorkerEvents } from '../src/index.js';
import { leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

const linux = process.platform === 'linux';

/** The next event of that name. */
function next<Name extends keyof WorkerEvents>(worker: LoneWorker, name: Name): Promise<WorkerEvents[Name]> {
  return new Promise((resolve) => worker.on(name, resolve));
}

describe.skipIf(!linux)('a worker whose process is stopped', () => {
  it('is ended with the stream that has no limit, and what is tried then fails at once', async () => {
    const options = { heartbeatIntervalMs: 50, unresponsiveTimeoutMs: 200 };
    await using worker = await workerFor('stand_still', options);
    const items = worker.stream<number>('yield_then_nap', [1]);
    expect(await items.next()).toEqual({ done: false, value: 0 });
    const rest = rejection(items.next());
    const suspect = next(worker, 'worker-suspect');
    process.kill(worker.pid, 'SIGSTOP');
    expect(await suspect).toMatchObject({ workerId: worker.name, stopped: true });
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
    await suspect;
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
      cancelGraces: { interruptMs: 100, sigintMs: 100 },
    };
    await using worker = await workerFor('stand_still', options);
    const suspect = next(worker, 'worker-suspect');
    const error = await rejection(worker.call('exhaust', [], { executionTimeoutMs: 2_000 }));
    expect(await suspect).toMatchObject({ stopped: false });
    expect(error).toMatchObject({ code: 'execution-timeout', context: { rung: 'sigterm' } });
  });

  it('is ended where no call runs', async () => {
    const options = { heartbeatIntervalMs: 50, unresponsiveTimeoutMs: 100 };
    await using worker = await workerFor('stand_still', options);
    await worker.call('leave_a_hold');
    const exit = await worker.exited;
    expect(exit).toMatchObject({ reason: 'killed', error: { code: 'worker-unresponsive' } });
    expect(exit.error?.message).toContain('it had no call');
  });
});

describe('a stall of Node', () => {
  it('blames no worker', async () => {
    const options = { heartbeatIntervalMs: 400, unresponsiveTimeoutMs: 0 };
    await using worker = await workerFor('stand_still', options);
    const suspects: unknown[] = [];
    worker.on('worker-suspect', (event) => suspects.push(event));
    for (let stall = 0; stall < 2; stall++) {
      await worker.call('pid');
      const until = performance.now() + 700;
      while (performance.now() < until);
      // What was in the air meanwhile is read, and judged.
      await turn();
      await turn();
    }
    expect(await worker.call('pid')).toBe(worker.pid);
    expect(suspects).toEqual([]);
  });
});
