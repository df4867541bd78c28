import { createError, createValueCodec, DEFAULT_LIMITS, FrameType, type PypoolError } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_GRACES } from '../calls/cancel-ladder.js';
import { RecordedCall } from '../calls/recorded-call.js';
import type { WorkerExit } from './exit.js';
import { FakeProcess } from './fake-process.js';
import { ProcessWorker } from './process-worker.js';

/** What has been sent arrives: streams take a few turns of the loop, none of the clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

interface Told {
  unavailable: PypoolError[];
  exits: WorkerExit[];
  output: string[];
  logs: number;
  events: string[];
  pongs: number[];
  worn: number;
}

interface Home {
  readonly fake: FakeProcess;
  readonly worker: ProcessWorker;
  readonly told: Told;
}

async function launched(concurrency = 1): Promise<Home> {
  const fake = await FakeProcess.start();
  const told: Told = { unavailable: [], exits: [], output: [], logs: 0, events: [], pongs: [], worn: 0 };
  const worker = new ProcessWorker({
    process: fake.launched,
    interpreter: '/usr/bin/python3, found by PATH',
    codec: createValueCodec(),
    maxLineBytes: 100,
    welcome: {
      codec: 'json',
      workerId: 'pool-0.1',
      pool: 'pool',
      slot: 0,
      incarnation: 'x',
      modules: [],
      expose: null,
      limits: DEFAULT_LIMITS,
      integers: 'auto',
      unencodable: 'error',
      parentPid: 1,
      parentDeathSignal: false,
      concurrency,
      engine: 'sync',
      logLevel: null,
    },
    cancelGraces: DEFAULT_GRACES,
    maxInterrupts: 1,
    observer: {
      onUnavailable: (error) => told.unavailable.push(error),
      onExit: (exit) => told.exits.push(exit),
      onOutput: (stream, { line }) => told.output.push(`${stream}: ${line}`),
      onLog: () => (told.logs += 1),
      onEvent: ({ event }) => told.events.push(event),
      onPong: ({ n }) => told.pongs.push(n),
      onWorn: () => (told.worn += 1),
    },
  });
  return { fake, worker, told };
}

async function ready(
  concurrency = 1,
  functions: Parameters<FakeProcess['ready']>[0] = [{ name: 'f' }],
): Promise<Home> {
  const home = await launched(concurrency);
  home.fake.hello();
  home.fake.ready(functions);
  await home.worker.started;
  return home;
}

const CANCELLED = { kind: 'cancelled', message: 'the call was cancelled', started: true };
const SEGFAULT = { exitCode: undefined, signal: 'SIGSEGV' };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe('a worker that starts', () => {
  it('answers HELLO with WELCOME, and takes calls after READY', async () => {
    const { fake, worker } = await launched();
    expect(worker.state).toBe('handshaking');
    fake.hello();
    await settle();
    expect(worker.state).toBe('importing');
    const [welcome] = fake.control;
    expect(welcome?.type).toBe(FrameType.WELCOME);
    expect(JSON.parse(welcome?.envelope ?? '')).toMatchObject({ protocol: 1, workerId: 'pool-0.1' });
    fake.ready([{ name: 'f' }]);
    await worker.started;
    expect(worker.functions.map(({ name }) => name)).toEqual(['f']);
    expect(worker.pythonVersion).toBe('3.11.7');
  });

  it('fails naming both versions where the runtime speaks another', async () => {
    const { fake, worker, told } = await launched();
    fake.hello({ protocol: [2, 3] });
    await expect(worker.started).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringMatching(/version 1.*versions 2 to 3/s) as string,
    });
    expect(fake.signals).toContain('SIGKILL');
    expect(told.exits).toHaveLength(1);
    expect(told.unavailable).toEqual([]);
  });

  it('fails with the traceback that Python reports, also where its exit is known before that is read', async () => {
    const { fake, worker } = await launched();
    fake.hello();
    await settle();
    fake.startFailed('No module named x', 'Traceback (most recent call last):\n  File "m.py", line 3');
    fake.stderr.write('some noise\n');
    fake.die({ exitCode: 1, signal: undefined });
    await expect(worker.started).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringContaining('File "m.py", line 3') as string,
      context: { workerId: 'pool-0.1', pid: 4711, python: '3.11.7' },
    });
  });

  it.each([
    ['names the option that passes a variable on', 'PYPOOL_TEST_KEY', '<frozen os>', true],
    ['in older Pythons too', 'PYPOOL_TEST_KEY', '/usr/lib/python3.9/os.py', true],
    ['but not for one that is not set here either', 'PYPOOL_TEST_OTHER', '<frozen os>', false],
    ['nor for the key of another dict', 'PYPOOL_TEST_KEY', '/srv/app/settings.py', false],
  ])('%s', async (_what, name, file, isNamed) => {
    vi.stubEnv('PYPOOL_TEST_KEY', 'secret');
    const { fake, worker } = await launched();
    fake.hello();
    await settle();
    fake.startFailed(`'${name}'`, 'Traceback', {
      type: 'KeyError',
      args: [name],
      frames: [{ file, line: 679, function: '_Environ.__getitem__' }],
    });
    fake.die({ exitCode: 1, signal: undefined });
    const error = await worker.started.catch((reason: unknown) => reason);
    expect((error as Error).message.includes(`env: { inherit: ['${name}'] }`)).toBe(isNamed);
    expect((error as Error).message).not.toContain('secret');
  });

  it('ends one that says that it cannot start and does not exit', async () => {
    const { fake, worker } = await launched();
    fake.hello();
    await settle();
    fake.startFailed('No module named x', 'Traceback');
    await settle();
    expect(fake.signals).toEqual([]);
    vi.advanceTimersByTime(1_001);
    await expect(worker.started).rejects.toThrow('No module named x');
    expect(fake.signals[0]).toBe('SIGKILL');
  });

  it('waits for what Python reports even where everything else has been read to its end', async () => {
    const { fake, worker } = await launched();
    fake.hello();
    await settle();
    fake.haunted = true;
    fake.die({ exitCode: 1, signal: undefined });
    fake.runtime.replies.end();
    fake.stdout.end();
    fake.stderr.end();
    await settle();
    fake.startFailed('No module named x', 'Traceback');
    fake.runtime.control.end();
    await expect(worker.started).rejects.toThrow('No module named x');
  });

  it.each([
    ['before HELLO', () => undefined],
    ['while importing', (fake: FakeProcess) => fake.hello()],
  ])('fails with exit code and last words where it exits %s', async (_when, before) => {
    const { fake, worker, told } = await launched();
    before(fake);
    await settle();
    fake.stderr.write('ModuleNotFoundError: numpy\n');
    fake.die({ exitCode: 3, signal: undefined });
    await expect(worker.started).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringMatching(
        /usr\/bin\/python3, found by PATH.*exited with code 3.*ModuleNotFoundError: numpy/s,
      ) as string,
      context: { exitCode: 3, signal: null, stderr: ['ModuleNotFoundError: numpy'] },
    });
    expect(told.exits).toHaveLength(1);
    expect(worker.state).toBe('dead');
  });

  it.each([
    ['half a frame', (fake: FakeProcess) => fake.runtime.streams.control.write('\x05\0')],
    [
      'bytes that are no frame',
      (fake: FakeProcess) => fake.runtime.streams.control.write('hello?'.repeat(9)),
    ],
    ['READY before HELLO', (fake: FakeProcess) => fake.ready()],
    ['START_FAILED before HELLO', (fake: FakeProcess) => fake.startFailed('no', '')],
    [
      'HELLO twice',
      (fake: FakeProcess) => {
        fake.hello();
        fake.hello();
      },
    ],
    ['a HELLO that says nothing', (fake: FakeProcess) => fake.hello({ codecs: undefined as never })],
    ['a codec of its own', (fake: FakeProcess) => fake.hello({ codecs: ['pickle'] })],
    ['a reply to no call', (fake: FakeProcess) => fake.result(1, 1)],
  ])('fails on %s', async (_what, say) => {
    const { fake, worker } = await launched();
    say(fake);
    await settle();
    fake.die({ exitCode: 0, signal: undefined });
    await expect(worker.started).rejects.toMatchObject({ code: 'start-failed' });
    expect(await worker.exited).toMatchObject({ reason: expect.stringMatching('killed|died') as string });
  });

  it('is killed by close(), for it has nothing to finish', async () => {
    const { fake, worker } = await launched();
    fake.hello();
    await settle();
    expect(await worker.close({ timeoutMs: 5_000 })).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
    await expect(worker.started).rejects.toMatchObject({ code: 'start-failed' });
  });
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

describe('a stream', () => {
  const stream = (facts: { itemTimeoutMs?: number } = {}): RecordedCall =>
    new RecordedCall({ kind: 'stream', credit: 2, ...facts });

  it('travels with its credit and tells its items and its end', async () => {
    const { fake, worker } = await ready();
    const call = stream();
    worker.run(call);
    await settle();
    expect(fake.requests[0]?.envelope).toBe('["f",null,null,{"credit":2}]');
    fake.items(1, ['a', 'b']);
    await settle();
    worker.grant(call, 1);
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.CREDIT, callId: 1, envelope: '{"n":1}' });
    fake.items(1, ['c']);
    fake.result(1, null);
    await settle();
    expect(call.told).toEqual(['start', 'item "a"', 'item "b"', 'item "c"', 'result undefined']);
  });

  it('that is left is told so, and answers when it has ended', async () => {
    const { fake, worker } = await ready();
    const call = stream();
    worker.run(call);
    worker.leave(call);
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.CANCEL, envelope: '{"mode":"leave"}' });
    expect(call.answers).toBe(0);
    fake.result(1, null);
    await settle();
    expect(call.answers).toBe(1);
    const told = fake.control.length;
    worker.leave(call);
    worker.grant(call, 1);
    await settle();
    expect(fake.control).toHaveLength(told);
  });

  it('fails alone where an item holds a type that this side does not know; it is left, and its rest is dropped', async () => {
    const { fake, worker } = await ready();
    const [broken, good] = [stream(), new RecordedCall()];
    worker.run(broken);
    worker.run(good);
    fake.items(1, [{ $: ['type', 'app.Money', 5] }], true);
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.CANCEL, callId: 1 });
    fake.items(1, ['late']);
    fake.result(1, null);
    fake.result(2, 2);
    await settle();
    expect(broken.told).toEqual(['start', 'error unencodable/finished']);
    expect(good.told).toEqual(['start', 'result 2']);
  });

  it('has a budget for each item, which runs only while the producer may send', async () => {
    const { fake, worker } = await ready();
    const call = stream({ itemTimeoutMs: 100 });
    worker.run(call);
    vi.advanceTimersByTime(90);
    fake.items(1, ['a']);
    await settle();
    vi.advanceTimersByTime(90);
    await settle();
    fake.items(1, ['b']);
    await settle();
    vi.advanceTimersByTime(10_000);
    await settle();
    expect(call.answers).toBe(0);
    worker.grant(call, 2);
    vi.advanceTimersByTime(99);
    await settle();
    expect(call.answers).toBe(0);
    vi.advanceTimersByTime(2);
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.CANCEL, envelope: '{"mode":"interrupt"}' });
    fake.error(1, CANCELLED);
    await settle();
    expect(call.told.at(-1)).toBe('error item-timeout/finished');
  });
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

  it('in the middle of a frame fails the call that frame was for', async () => {
    const { fake, worker } = await ready();
    const [call, behind] = [new RecordedCall(), new RecordedCall()];
    worker.run(call);
    worker.run(behind);
    fake.runtime.streams.replies.write(Uint8Array.of(9, 0, 0, 0, 2, 0, 0, 0, 1));
    await settle();
    fake.die(SEGFAULT);
    const exit = await worker.exited;
    expect(call.answers).toBe(1);
    expect(call.error).toMatchObject({
      code: 'worker-exited',
      outcome: 'unknown',
      context: { signal: 'SIGSEGV' },
    });
    expect(behind.error).toMatchObject({ code: 'worker-exited', outcome: 'not-started' });
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
