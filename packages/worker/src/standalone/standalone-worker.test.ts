import { createError, FrameType } from '@pypool/protocol';
import { createMemoryTransport } from '@pypool/transport';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WorkerLauncher } from '../launcher/contract.js';
import { FakeProcess, type FakeFunction } from '../life/fake-process.js';
import type { LoneWorker } from './lone-worker.js';
import { startPythonWorker, type LoneWorkerOptions } from './start-python-worker.js';

/** What has been sent arrives: streams take a few turns of the loop, none of the clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
}

interface Home {
  readonly fake: FakeProcess;
  readonly launcher: WorkerLauncher & { closes: number };
  readonly starting: Promise<LoneWorker>;
}

async function starting(options: Partial<LoneWorkerOptions> = {}): Promise<Home> {
  const fake = await FakeProcess.start();
  const launcher = {
    name: 'fake',
    closes: 0,
    launch: () => Promise.resolve(fake.launched),
    close() {
      this.closes += 1;
      return Promise.resolve();
    },
  };
  const transport = createMemoryTransport({ onRuntime: () => undefined });
  const start = startPythonWorker({ module: 'm', launcher, transport, heartbeatIntervalMs: 0, ...options });
  start.catch(() => undefined);
  await settle();
  return { fake, launcher, starting: start };
}

async function started(
  functions: readonly FakeFunction[] = [{ name: 'f' }],
): Promise<Home & { readonly worker: LoneWorker }> {
  const home = await starting();
  home.fake.hello();
  home.fake.ready(functions);
  return { ...home, worker: await home.starting };
}

const KILLED = { exitCode: undefined, signal: 'SIGKILL' };
const DONE = { exitCode: 0, signal: undefined };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('starting a worker alone', () => {
  it('gives it when it takes calls', async () => {
    const { worker } = await started();
    expect(worker).toMatchObject({ name: 'python', pid: 4711, pythonVersion: '3.11.7' });
    expect(worker.functions.map(({ name }) => name)).toEqual(['f']);
    await worker.kill();
  });

  it('rejects after its budget, with nothing left', async () => {
    const { fake, launcher, starting: start } = await starting({ startTimeoutMs: 1_000 });
    vi.advanceTimersByTime(1_001);
    await expect(start).rejects.toMatchObject({ code: 'start-timeout', context: { startTimeoutMs: 1_000 } });
    expect(fake.signals).toContain('SIGKILL');
    expect(launcher.closes).toBe(1);
  });

  it('lets a start count that was done when the clock was looked at too late', async () => {
    const { fake, starting: start } = await starting({ startTimeoutMs: 1_000 });
    fake.hello();
    fake.ready([]);
    vi.advanceTimersByTime(60_000);
    await (await start).kill();
  });

  it('rejects as aborted, the reason as its cause', async () => {
    const reason = new Error('changed my mind');
    const abort = new AbortController();
    const { fake, launcher, starting: start } = await starting({ signal: abort.signal });
    abort.abort(reason);
    await expect(start).rejects.toMatchObject({ code: 'aborted', name: 'AbortError', cause: reason });
    expect(fake.signals).toContain('SIGKILL');
    expect(launcher.closes).toBe(1);
  });

  it('rejects with what a launcher threw', async () => {
    const launcher = {
      name: 'broken',
      launch: () => Promise.reject(new Error('no room')),
      close: () => Promise.resolve(),
    };
    await expect(startPythonWorker({ module: 'm', launcher })).rejects.toMatchObject({
      code: 'start-failed',
      message: 'Worker python could not start: no room',
    });
  });

  it('rejects for unknown and wrong options', async () => {
    const unknown = { module: 'm', modul: 'n' } as LoneWorkerOptions;
    await expect(startPythonWorker(unknown)).rejects.toMatchObject({ code: 'invalid-options' });
    for (const wrong of [{ startTimeoutMs: -1 }, { name: '' }, { signal: {} as AbortSignal }]) {
      await expect(startPythonWorker({ module: 'm', ...wrong })).rejects.toMatchObject({
        code: 'invalid-options',
        message: expect.stringContaining(Object.keys(wrong)[0] ?? '') as string,
      });
    }
  });
});

describe('a worker alone', () => {
  it('runs calls one at a time, in their order', async () => {
    const { fake, worker } = await started();
    const calls = [worker.call('f', [1]), worker.call('f', { a: 2 }), worker.call('f')];
    await settle();
    expect(fake.requests.map(({ envelope }) => envelope)).toEqual(['["f",[1]]']);
    fake.result(1, 'one');
    await settle();
    fake.result(2, 'two');
    await settle();
    fake.error(3, { kind: 'python', message: 'no', type: 'ValueError', module: 'builtins' });
    expect(await calls[0]).toBe('one');
    expect(await calls[1]).toBe('two');
    await expect(calls[2]).rejects.toMatchObject({ code: 'python-error', outcome: 'finished' });
    await worker.kill();
  });

  it('sends attributes along', async () => {
    const { fake, worker } = await started();
    const call = worker.call('f', undefined, { attributes: { tenant: 't' } });
    await settle();
    expect(fake.requests[0]?.envelope).toBe('["f",null,null,{"attributes":{"tenant":"t"}}]');
    fake.result(1, 1);
    await call;
    await worker.kill();
  });

  it('adds where it was called to what a call fails with', async () => {
    const { worker } = await started();
    async function caller(): Promise<unknown> {
      return await worker.call('f', [() => 1]);
    }
    const error = await caller().catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({ code: 'unencodable' });
    expect((error as Error).stack).toMatch(/--- worker\.call\(\) ---\n.*caller /);
    await worker.kill();
  });

  it('keeps the budget of the function itself where the call gives none', async () => {
    const { fake, starting: start } = await starting();
    fake.hello();
    fake.ready([{ name: 'f', timeoutSeconds: 2 }]);
    const worker = await start;
    const longer = worker.call('f', [], { executionTimeoutMs: 5_000 });
    await settle();
    vi.advanceTimersByTime(2_500);
    await settle();
    fake.result(1, 'in time');
    expect(await longer).toBe('in time');
    const failed = expect(worker.call('f')).rejects.toMatchObject({
      code: 'execution-timeout',
      context: { budgetMs: 2_000 },
    });
    await settle();
    vi.advanceTimersByTime(2_001);
    await settle();
    fake.error(2, { kind: 'cancelled', message: 'the call was cancelled', started: true });
    await failed;
  });

  it('goes on with the next call when some cannot be sent', async () => {
    const { fake, worker } = await started();
    const broken = Array.from({ length: 2_000 }, () => worker.call('f', [Symbol()]));
    const good = worker.call('f');
    for (const call of broken) await expect(call).rejects.toMatchObject({ code: 'unencodable' });
    fake.result(1, 'good');
    expect(await good).toBe('good');
    await worker.kill();
  });

  it.each([
    [{ timeoutMs: 5 }, 'timeoutMs'],
    [{ executionTimeoutMs: -1 }, 'executionTimeoutMs'],
    [{ itemTimeoutMs: '5' }, 'itemTimeoutMs'],
    [{ signal: {} }, 'signal'],
    [{ attributes: 5 }, 'attributes'],
    [{ attributes: ['a'] }, 'attributes'],
    [null, 'all'],
  ])('refuses the call options %j', async (options, name) => {
    const { fake, worker } = await started();
    await expect(worker.call('f', [], options as never)).rejects.toMatchObject({
      code: 'invalid-options',
      context: { option: name },
    });
    await expect(worker.stream('f', [], options as never).next()).rejects.toMatchObject({
      code: 'invalid-options',
    });
    expect(fake.requests).toEqual([]);
    await worker.kill();
  });

  it.each([5, undefined, null])('refuses %s for a name, which its runtime would end for', async (name) => {
    const { fake, worker } = await started();
    await expect(worker.call(name as never)).rejects.toMatchObject({ code: 'invalid-arguments' });
    await expect(worker.stream(name as never).next()).rejects.toMatchObject({ code: 'invalid-arguments' });
    expect(fake.requests).toEqual([]);
    await worker.kill();
  });

  it('withdraws a waiting call that is aborted, at no cost to the running one', async () => {
    const { fake, worker } = await started();
    const abort = new AbortController();
    const running = worker.call('f');
    const waiting = worker.call('f', [], { signal: abort.signal });
    const never = worker.call('f', [], { signal: AbortSignal.abort('too late') });
    abort.abort('not now');
    await expect(waiting).rejects.toMatchObject({
      code: 'aborted',
      outcome: 'not-started',
      cause: 'not now',
    });
    await expect(never).rejects.toMatchObject({ code: 'aborted', outcome: 'not-started', cause: 'too late' });
    fake.result(1, 'ran');
    expect(await running).toBe('ran');
    await settle();
    expect(fake.requests).toHaveLength(1);
    await worker.kill();
  });

  it('serves on where an aborted call ended after an interrupt', async () => {
    const { fake, worker } = await started();
    const abort = new AbortController();
    const running = worker.call('f', [], { signal: abort.signal });
    const waiting = worker.call('f');
    await settle();
    abort.abort();
    fake.error(1, { kind: 'cancelled', message: 'the call was cancelled', started: true });
    await expect(running).rejects.toMatchObject({ code: 'aborted', outcome: 'finished' });
    await settle();
    fake.result(2, 'ran');
    expect(await waiting).toBe('ran');
    await worker.kill();
  });

  it('ends with an aborted call that nothing else ends; those that wait never run', async () => {
    const { fake, worker } = await started([{ name: 'f', cancel: 'kill' }]);
    const abort = new AbortController();
    const running = worker.call('f', [], { signal: abort.signal });
    const waiting = worker.call('f');
    await settle();
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'aborted', outcome: 'unknown' });
    await expect(waiting).rejects.toMatchObject({ code: 'worker-exited', outcome: 'not-started' });
    expect(await worker.exited).toMatchObject({ reason: 'killed' });
    expect(fake.requests).toHaveLength(1);
  });

  it('answers everything when it dies, lets go of its launcher, and takes no calls any more', async () => {
    const { fake, launcher, worker } = await started();
    const calls = [worker.call('f'), worker.call('f')];
    const items = worker.stream('f');
    await settle();
    fake.die({ exitCode: undefined, signal: 'SIGSEGV' });
    await expect(calls[0]).rejects.toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    await expect(calls[1]).rejects.toMatchObject({ code: 'worker-exited', outcome: 'not-started' });
    await expect(items.next()).rejects.toMatchObject({ code: 'worker-exited', outcome: 'not-started' });
    expect(await worker.exited).toMatchObject({ reason: 'died', signal: 'SIGSEGV' });
    expect(launcher.closes).toBe(1);
    await expect(worker.call('f')).rejects.toMatchObject({
      code: 'worker-exited',
      outcome: 'not-started',
      retryable: false,
      context: { workerId: 'python' },
    });
    expect(await worker.close()).toBe(await worker.exited);
    expect(await worker.kill()).toBe(await worker.exited);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a stream of a worker alone', () => {
  it('gives its items, and credit for more as they are taken', async () => {
    const { fake, worker } = await started();
    const stream = worker.stream<number>('f');
    await settle();
    expect(fake.requests[0]?.envelope).toBe('["f",null,null,{"credit":64,"creditBytes":4194304}]');
    fake.items(
      1,
      Array.from({ length: 64 }, (_, n) => n),
    );
    const seen: number[] = [];
    for (let n = 0; n < 32; n++) seen.push((await stream.next()).value as number);
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.CREDIT, envelope: '{"n":32}' });
    fake.result(1, null);
    for await (const item of stream) seen.push(item);
    expect(seen).toEqual(Array.from({ length: 64 }, (_, n) => n));
    await worker.kill();
  });

  it('that is left runs on to its end before the next call begins', async () => {
    const { fake, worker } = await started();
    const stream = worker.stream('f');
    const next = worker.call('f');
    await settle();
    await stream.return();
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.CANCEL, envelope: '{"mode":"leave"}' });
    expect(fake.requests).toHaveLength(1);
    fake.result(1, null);
    await settle();
    fake.result(2, 'next');
    expect(await next).toBe('next');
    await worker.kill();
  });

  it('that is left while it waits never begins', async () => {
    const { fake, worker } = await started();
    const running = worker.call('f');
    await worker.stream('f').return();
    await settle();
    fake.result(1, 1);
    await running;
    await settle();
    expect(fake.requests).toHaveLength(1);
    await worker.kill();
  });

  it('fails with what its handler raised, after the items before it', async () => {
    const { fake, worker } = await started();
    const stream = worker.stream('f');
    await settle();
    fake.items(1, ['a']);
    fake.error(1, { kind: 'python', message: 'no', type: 'ValueError', module: 'builtins' });
    expect(await stream.next()).toEqual({ value: 'a', done: false });
    const error = await stream.next().catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({ code: 'python-error' });
    expect((error as Error).stack).toContain('--- stream.next() ---');
    await worker.kill();
  });
});

describe('closing a worker alone', () => {
  it('finishes the calls that run and wait, refuses new ones, and lets go of everything', async () => {
    const { fake, launcher, worker } = await started();
    const calls = [worker.call('f'), worker.call('f')];
    const closed = worker.close();
    await expect(worker.call('f')).rejects.toMatchObject({ code: 'worker-exited', outcome: 'not-started' });
    await settle();
    expect(fake.requestsEnded).toBe(false);
    fake.result(1, 1);
    await settle();
    fake.result(2, 2);
    await settle();
    expect(fake.requestsEnded).toBe(true);
    fake.die(DONE);
    expect(await closed).toMatchObject({ reason: 'closed', exitCode: 0 });
    expect(await Promise.all(calls)).toEqual([1, 2]);
    expect(launcher.closes).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends what is left after its time, the shortest that was given', async () => {
    const { fake, worker } = await started();
    const [running, waiting] = [worker.call('f'), worker.call('f')];
    const ends = [
      worker.close({ timeoutMs: Infinity }),
      worker.close({ timeoutMs: 500 }),
      worker.close({ timeoutMs: 9_000 }),
    ];
    await settle();
    vi.advanceTimersByTime(501);
    await expect(waiting).rejects.toMatchObject({ code: 'worker-exited', outcome: 'not-started' });
    await expect(running).rejects.toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    for (const end of ends) expect(await end).toMatchObject({ reason: 'killed' });
    expect(fake.signals).toContain('SIGKILL');
  });

  it('happens at the end of its scope', async () => {
    const { fake, launcher, worker } = await started();
    {
      await using scoped = worker;
      const call = scoped.call('f');
      fake.result(1, 1);
      await call;
      setImmediate(() => fake.die(DONE));
    }
    expect(launcher.closes).toBe(1);
  });

  it('still closes where its launcher cannot be', async () => {
    const { launcher, worker } = await started();
    launcher.close = () => Promise.reject(createError({ code: 'internal', message: 'stuck' }));
    expect(await worker.kill()).toMatchObject(KILLED);
  });

  it.each([{ timeoutMs: Number.NaN }, { timeoutMs: '5' }, { timeout: 5 }, null])(
    'rejects the options %j',
    async (options) => {
      const { worker } = await started();
      await expect(worker.close(options as never)).rejects.toMatchObject({ code: 'invalid-options' });
      await worker.kill();
    },
  );
});
