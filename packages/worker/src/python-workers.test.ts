import { readFileSync } from 'node:fs';
import { createError, FrameType, type PypoolError } from '@pypool/protocol';
import { socketTransport } from '@pypool/transport-socket';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LaunchedWorker, LaunchRequest, WorkerLauncher } from './launcher/contract.js';
import type { WorkerExit } from './life/exit.js';
import { FakeProcess } from './life/fake-process.js';
import type { PythonWorkersOptions } from './options.js';
import { createPythonWorkers, type PythonWorkers } from './python-workers.js';

const never = new AbortController().signal;
const REQUEST = { workerId: 'pool-0.1', poolName: 'pool', slot: 3 };

/** A few turns of the loop, in which what was sent arrives. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

class FakeLauncher implements WorkerLauncher {
  readonly name = 'fake';
  readonly requests: LaunchRequest[] = [];
  readonly processes: FakeProcess[] = [];
  closes = 0;
  /** Its processes are on another machine. */
  elsewhere = false;

  async launch(request: LaunchRequest, _signal?: AbortSignal): Promise<LaunchedWorker> {
    this.requests.push(request);
    const fake = await FakeProcess.start();
    this.processes.push(fake);
    const { signalAlone, ...launched } = fake.launched;
    return { ...launched, ...(!this.elsewhere && signalAlone !== undefined && { signalAlone }) };
  }

  close(): Promise<void> {
    this.closes += 1;
    return Promise.resolve();
  }
}

interface Home {
  readonly launcher: FakeLauncher;
  readonly workers: PythonWorkers;
  readonly told: string[];
  readonly late: PypoolError[];
  start(signal?: AbortSignal): ReturnType<PythonWorkers['start']>;
}

function homeOf(options: Partial<PythonWorkersOptions> = {}): Home {
  const launcher = new FakeLauncher();
  const workers = createPythonWorkers({ module: 'app', launcher, ...options });
  const told: string[] = [];
  const late: PypoolError[] = [];
  const observer = {
    onLate: (error: PypoolError) => late.push(error),
    onUnavailable: () => told.push('unavailable'),
    onWorn: () => told.push('worn'),
    onExit: ({ reason }: WorkerExit) => told.push(`exit ${reason}`),
  };
  return {
    launcher,
    workers,
    told,
    late,
    start: (signal = never) => workers.start(REQUEST, observer, signal),
  };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

async function processOf({ launcher }: Home): Promise<FakeProcess> {
  await settle();
  return launcher.processes[0]!;
}

const CONTROL = { tagged: false, callId: 0, buffers: [] };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('starting a worker', () => {
  it('resolves when it is ready, and tells the observer of its end once', async () => {
    const home = homeOf({ expose: ['f'], integers: 'bigint' });
    const starting = home.start();
    const fake = await processOf(home);
    fake.hello();
    await settle();
    expect(JSON.parse(fake.control[0]?.envelope ?? '')).toMatchObject({
      workerId: 'pool-0.1',
      pool: 'pool',
      slot: 3,
      modules: [{ prefix: '', source: 'app', kind: 'name' }],
      expose: ['f'],
      integers: 'bigint',
      parentPid: process.pid,
      concurrency: 1,
    });
    fake.ready([{ name: 'f' }]);
    const worker = await starting;
    expect(worker.facts).toMatchObject({ pid: 4711, python: '3.11.7' });
    expect(worker.functions.map(({ name }) => name)).toEqual(['f']);
    fake.die({ exitCode: undefined, signal: 'SIGSEGV' });
    await worker.exited;
    expect(home.told).toEqual(['unavailable', 'exit died']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks nothing of this machine about a process that is on another', async () => {
    const home = homeOf();
    home.launcher.elsewhere = true;
    const starting = home.start();
    const fake = await processOf(home);
    fake.hello();
    await settle();
    expect(JSON.parse(fake.control[0]?.envelope ?? '')).toMatchObject({ parentDeathSignal: false });
    fake.ready();
    const worker = await starting;
    expect(worker.memoryBytes).toBeUndefined();
    fake.die({ exitCode: 0, signal: undefined });
    await worker.exited;
  });

  it('rejects with the reason of the failure, and tells the observer nothing', async () => {
    const home = homeOf();
    const starting = home.start();
    const fake = await processOf(home);
    fake.hello();
    await settle();
    fake.startFailed('No module named app', 'Traceback');
    fake.die({ exitCode: 1, signal: undefined });
    await expect(starting).rejects.toMatchObject({ code: 'start-failed' });
    expect(home.told).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects with the signal’s reason when that aborts, once the process is reaped', async () => {
    const home = homeOf();
    const abort = new AbortController();
    const starting = home.start(abort.signal);
    let rejected = false;
    starting.catch(() => (rejected = true));
    const fake = await processOf(home);
    fake.unkillable = true;
    fake.hello();
    await settle();
    const reason = new Error('no longer wanted');
    abort.abort(reason);
    await settle();
    expect(fake.signals).toContain('SIGKILL');
    expect(rejected).toBe(false);
    fake.die({ exitCode: undefined, signal: 'SIGKILL' });
    await expect(starting).rejects.toBe(reason);
    expect(home.told).toEqual([]);
  });

  it.each([
    ['spawning', 'Its process, which was to import app, was still being spawned.', {}],
    [
      'handshaking',
      'Its process (pid 4711) had been spawned and had yet to say HELLO, the first word of the handshake, before it imports app.',
      { pid: 4711, python: null, stderr: ['loading the model', 'still loading'] },
    ],
    [
      'importing',
      'Its process (pid 4711) was importing app or running its on_worker_start hooks.',
      { pid: 4711, python: '3.11.7', stderr: ['loading the model', 'still loading'] },
    ],
  ])(
    'tells of one that takes too long that it was %s, at once and when it is reaped',
    async (phase, where, facts) => {
      const home = homeOf();
      const abort = new AbortController();
      if (phase === 'spawning') home.launcher.launch = (_request, signal) => untilAborted(signal!);
      const starting = home.start(abort.signal);
      starting.catch(() => undefined);
      const fake = phase === 'spawning' ? undefined : await processOf(home);
      fake?.stderr.write('loading the model\nstill loading\n');
      if (phase === 'importing') fake?.hello();
      await settle();
      const message = 'Worker pool-0.1 was not ready in time.';
      const context = { workerId: 'pool-0.1', startTimeoutMs: 50 };
      abort.abort(createError({ code: 'start-timeout', message, context }));
      const [late] = home.late;
      expect(late).toMatchObject({ code: 'start-timeout', outcome: 'not-started', retryable: true });
      expect(late?.context).toMatchObject({ ...context, ...facts, phase, modules: ['app'] });
      const words =
        phase === 'spawning' ? '' : ' Its last words on stderr:\n  loading the model\n  still loading';
      expect(late?.message).toBe(`${message} ${where}${words}`);
      await expect(starting).rejects.toBe(late);
      expect(home.late).toHaveLength(1);
      expect(home.told).toEqual([]);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it('kills a process that is launched although the start was given up', async () => {
    const home = homeOf();
    const reason = new Error('no longer wanted');
    const starting = home.start(AbortSignal.abort(reason));
    starting.catch(() => undefined);
    const fake = await processOf(home);
    expect(fake.signals).toContain('SIGKILL');
    await expect(starting).rejects.toBe(reason);
    expect(home.late).toEqual([]);
  });

  it('rejects where it is aborted or dies in the turn in which it becomes ready', async () => {
    const reason = new Error('no longer wanted');
    for (const end of ['abort', 'death'] as const) {
      const home = homeOf();
      const abort = new AbortController();
      const starting = home.start(abort.signal);
      starting.catch(() => undefined);
      const fake = await processOf(home);
      fake.hello();
      fake.ready();
      if (end === 'abort') process.nextTick(() => abort.abort(reason));
      else fake.die({ exitCode: 5, signal: undefined });
      await settle();
      if (end === 'abort') await expect(starting).rejects.toBe(reason);
      else await expect(starting).rejects.toMatchObject({ code: 'start-failed', context: { exitCode: 5 } });
      expect(home.told).toEqual([]);
    }
  });

  it('gives each worker the environment of its slot, and says which slot’s could not be made', async () => {
    const home = homeOf({ env: ({ slot }) => ({ set: { CUDA_VISIBLE_DEVICES: String(slot) } }) });
    const starting = home.start();
    starting.catch(() => undefined);
    (await processOf(home)).die({ exitCode: 0, signal: undefined });
    expect(home.launcher.requests[0]?.env).toMatchObject({ CUDA_VISIBLE_DEVICES: '3' });
    await expect(starting).rejects.toMatchObject({ code: 'start-failed' });

    const broken = homeOf({
      env: () => {
        throw new RangeError('no more GPUs');
      },
    });
    await expect(broken.start()).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(/slot 3.*no more GPUs/) as string,
    });
    expect(broken.launcher.requests).toEqual([]);
  });

  it('refuses options that are wrong before anything starts', () => {
    expect(() => homeOf({ env: { set: { A: 1 as never } } })).toThrow(
      expect.objectContaining({ code: 'invalid-options' }) as Error,
    );
    expect(() => homeOf({ module: './no.py' })).toThrow(/no\.py/);
  });

  it('refuses to share memory over TCP, encrypted or not, and takes what stays on the machine', () => {
    const tcp = { host: '127.0.0.1' };
    const [key, cert, ca] = ['server.key', 'server.crt', 'ca.crt'].map((name) =>
      readFileSync(new URL(`../../../python/tests/fixtures/tls/${name}`, import.meta.url), 'utf8'),
    ) as [string, string, string];
    for (const transport of [socketTransport({ tcp }), socketTransport({ tcp, tls: { key, cert, ca } })]) {
      expect(() => homeOf({ transport, sharedMemory: true })).toThrow(
        expect.objectContaining({
          code: 'invalid-options',
          message: expect.stringMatching(/sharedMemory: the transport socket listens on TCP/) as string,
          context: { option: 'sharedMemory', transport: 'socket' },
        }) as Error,
      );
      homeOf({ transport, sharedMemory: false });
    }
    homeOf({ transport: socketTransport(), sharedMemory: true });
  });
});

describe('what workers say', () => {
  async function talking(options: Partial<PythonWorkersOptions> = {}): Promise<Home & { fake: FakeProcess }> {
    const home = homeOf(options);
    const starting = home.start();
    const fake = await processOf(home);
    fake.hello();
    fake.ready();
    await starting;
    return { ...home, fake };
  }

  it('goes to the host’s stderr with the worker’s name while nobody listens', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { fake, workers } = await talking();
    fake.stdout.write('to nobody\n');
    await settle();
    const heard: unknown[] = [];
    workers.on('output', (event) => heard.push(event));
    fake.stderr.write('to somebody\n');
    await settle();
    const written = write.mock.calls.map(([text]) => text);
    write.mockRestore();
    expect(written).toEqual(['[pool-0.1] to nobody\n']);
    const noCall = { callId: null, function: null, sessionId: null };
    expect(heard).toEqual([
      { workerId: 'pool-0.1', stream: 'stderr', line: 'to somebody', truncated: false, ...noCall },
    ]);
    fake.die({ exitCode: 0, signal: undefined });
  });

  it('is told as events: logs, exceptions of threads, advice', async () => {
    const { fake, workers } = await talking();
    const told: unknown[] = [];
    workers.on('log', ({ workerId, message }) => told.push([workerId, message]));
    workers.on('thread-exception', ({ workerId, error }) => told.push([workerId, error.code]));
    workers.on('suggestion', ({ message }) => told.push(message));
    const say = (type: number, message: unknown): void =>
      fake.runtime.control.send({ ...CONTROL, type, envelope: JSON.stringify(message) });
    say(FrameType.LOG, RECORD);
    const error = { kind: 'python', message: 'no', type: 'ValueError', module: 'builtins' };
    say(FrameType.EVENT, { event: 'thread-exception', error });
    say(FrameType.EVENT, { event: 'suggestion', message: 'use async' });
    say(FrameType.EVENT, { event: 'of a newer runtime' });
    await settle();
    expect(told).toEqual([['pool-0.1', 'hi'], ['pool-0.1', 'python-error'], 'use async']);
    fake.die({ exitCode: 0, signal: undefined });
  });

  it('is advice once, though every worker gives it and nobody listened yet', async () => {
    const { fake, workers } = await talking();
    const say = (message: string): void =>
      fake.runtime.control.send({
        ...CONTROL,
        type: FrameType.EVENT,
        envelope: JSON.stringify({ event: 'suggestion', message }),
      });
    say('use async');
    say('use async, really');
    await settle();
    const told: string[] = [];
    workers.on('suggestion', ({ message }) => told.push(message));
    expect(told).toEqual([]);
    await settle();
    workers.on('suggestion', ({ message }) => told.push(message));
    say('use async at last');
    await settle();
    expect(told).toEqual(['use async']);
    fake.die({ exitCode: 0, signal: undefined });
  });

  it('is one shape of event for records and lines, free of control sequences', async () => {
    const { fake, workers } = await talking();
    const told: unknown[] = [];
    workers.on('log', ({ source, level, logger, message, exception, callId, time, dropped }) =>
      told.push([
        source,
        level,
        logger,
        message,
        exception,
        callId,
        source === 'logging' ? time : 'now',
        dropped,
      ]),
    );
    const exception = 'Traceback\n\u001b[1mKeyError';
    sayLog(fake, { ...RECORD, message: '\u001b[31mred\nblue', exception, callId: 7, dropped: 3 });
    await settle();
    fake.stdout.write('a line\n');
    await settle();
    expect(told).toEqual([
      ['logging', 'INFO', 'app', 'red\nblue', 'Traceback\nKeyError', 7, 1_500, 3],
      ['stdout', null, null, 'a line', null, null, 'now', 0],
    ]);
    fake.die({ exitCode: 0, signal: undefined });
  });

  it('is printed while nobody listens, but for records that a handler in Python took', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { fake } = await talking();
    sayLog(fake, { ...RECORD, message: 'taken', handled: true });
    sayLog(fake, { ...RECORD, message: 'two\nlines', exception: 'Traceback', dropped: 2 });
    await settle();
    const written = write.mock.calls.map(([text]) => text).join('');
    write.mockRestore();
    expect(written).toBe(
      '[pool-0.1] (2 records of logging were dropped: they came faster than they could be sent)\n' +
        '[pool-0.1] INFO app: two\n[pool-0.1] lines\n[pool-0.1] Traceback\n',
    );
    fake.die({ exitCode: 0, signal: undefined });
  });

  it('is missed where it does not answer a heartbeat', async () => {
    const { fake, workers, told } = await talking({ heartbeatIntervalMs: 50 });
    workers.on('worker-suspect', ({ workerId }) => told.push(`${workerId} suspect`));
    workers.on('worker-recovered', ({ workerId }) => told.push(`${workerId} recovered`));
    for (let beat = 0; beat < 2; beat++) {
      vi.advanceTimersByTime(50);
      await settle();
    }
    const n = (JSON.parse(fake.control.at(-1)?.envelope ?? '') as { n: number }).n;
    const pong = JSON.stringify({ n, running: null, busyMs: 0 });
    fake.runtime.control.send({ ...CONTROL, type: FrameType.PONG, envelope: pong });
    await settle();
    expect(told).toEqual(['pool-0.1 suspect', 'pool-0.1 recovered']);
    fake.die({ exitCode: 0, signal: undefined });
    await settle();
    expect(vi.getTimerCount()).toBe(0);
  });
});

const RECORD = {
  source: 'logging',
  level: 'INFO',
  logger: 'app',
  message: 'hi',
  time: 1.5,
  callId: null,
  function: null,
  session: null,
  exception: null,
  handled: false,
  dropped: 0,
};

function sayLog(fake: FakeProcess, message: unknown): void {
  fake.runtime.control.send({ ...CONTROL, type: FrameType.LOG, envelope: JSON.stringify(message) });
}

describe('closing the source', () => {
  it('closes launcher and transport, the one though the other fails', async () => {
    const closed: string[] = [];
    const launcher = new FakeLauncher();
    launcher.close = () => Promise.reject(new Error('stuck'));
    const transport = {
      name: 'fake',
      offer: () => Promise.reject(new Error('none')),
      close: () => {
        closed.push('transport');
        return Promise.resolve();
      },
    };
    const workers = createPythonWorkers({ module: 'app', launcher, transport });
    await expect(workers.close()).rejects.toThrow('stuck');
    expect(closed).toEqual(['transport']);
  });
});
