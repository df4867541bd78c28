import { createError, createValueCodec, DEFAULT_LIMITS, type PypoolError } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_GRACES } from '../calls/cancel-ladder.js';
import { RecordedCall } from '../calls/recorded-call.js';
import type { WorkerExit } from './exit.js';
import { FakeProcess } from './fake-process.js';
import { ProcessWorker } from './process-worker.js';

const CANCELLED = { kind: 'cancelled', message: 'the call was cancelled', started: true };
const timedOut = createError({ code: 'execution-timeout', message: 'f had no result.', outcome: 'unknown' });

async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  await settle();
}

/** A worker of the `async` engine that runs `f`, which is to be ended, and `g` beside it. */
class Home {
  readonly unavailable: PypoolError[] = [];
  readonly exits: WorkerExit[] = [];
  readonly worker: ProcessWorker;
  readonly culprit = new RecordedCall({ name: 'f' });
  readonly neighbour = new RecordedCall({ name: 'g' });

  constructor(readonly fake: FakeProcess) {
    this.worker = new ProcessWorker({
      process: fake.launched,
      interpreter: undefined,
      codec: createValueCodec(),
      maxLineBytes: 100,
      welcome: {
        codec: 'json',
        workerId: 'p-0.1',
        pool: 'p',
        slot: 0,
        incarnation: 'x',
        modules: [],
        expose: null,
        limits: DEFAULT_LIMITS,
        integers: 'auto',
        unencodable: 'error',
        parentPid: 1,
        parentDeathSignal: false,
        concurrency: 4,
        engine: 'async',
        logLevel: null,
        rlimits: [],
        outputToken: 'token',
      },
      cancelGraces: DEFAULT_GRACES,
      maxInterrupts: 16,
      observer: {
        onUnavailable: (error) => this.unavailable.push(error),
        onExit: (exit) => this.exits.push(exit),
        onOutput: () => undefined,
        onLog: () => undefined,
        onEvent: () => undefined,
        onPong: () => undefined,
        onWorn: () => undefined,
      },
    });
  }

  /** Up to where the ladder of `f` is about to reach the process. */
  async begin(): Promise<void> {
    this.fake.hello();
    this.fake.ready([{ name: 'f' }, { name: 'g' }]);
    await this.worker.started;
    this.worker.run(this.culprit);
    this.worker.run(this.neighbour);
    this.worker.cancel(this.culprit, timedOut);
    await pass(DEFAULT_GRACES.interruptMs);
  }
}

async function begun(): Promise<Home> {
  const home = new Home(await FakeProcess.start());
  await home.begin();
  return home;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('a worker that is to be ended for a call, with others beside it', () => {
  it('says at once that it takes no more, and why, and ends its requests; nothing else has happened yet', async () => {
    const { worker, fake, unavailable, neighbour } = await begun();
    expect(unavailable).toEqual([timedOut]);
    expect(fake.requestsEnded).toBe(true);
    expect(fake.signals).toEqual([]);
    expect(worker.state).toBe('closing');
    const late = new RecordedCall();
    worker.run(late);
    expect(late.told).toEqual(['error worker-exited/not-started']);
    fake.result(2, 'whole');
    await settle();
    expect(neighbour.told).toEqual(['start', 'result "whole"']);
    await worker.kill();
  });

  it('tells those that end with it of whom they end for', async () => {
    const { worker, fake, culprit, neighbour, unavailable, exits } = await begun();
    await pass(DEFAULT_GRACES.neighboursMs);
    await pass(DEFAULT_GRACES.sigintMs);
    await worker.exited;
    expect(fake.signals.slice(0, 2)).toEqual(['SIGINT', 'SIGTERM']);
    expect(culprit.error).toMatchObject({
      code: 'execution-timeout',
      outcome: 'unknown',
      context: { rung: 'sigterm' },
    });
    expect(neighbour.error).toMatchObject({
      code: 'worker-exited',
      outcome: 'unknown',
      message:
        'Worker p-0.1 (pid 4711) was ended by SIGTERM under the call of g, for f ran beside it and ended in no gentler way (execution-timeout).',
      context: { function: 'g', culprit: 'f', rung: 'sigterm', signal: 'SIGTERM' },
      cause: { code: 'execution-timeout', context: { rung: 'sigterm' } },
    });
    expect(unavailable).toHaveLength(1);
    expect(exits).toMatchObject([{ reason: 'killed', signal: 'SIGTERM' }]);
  });

  it('exits by itself where that call ended after all, once the others have finished', async () => {
    const { worker, fake, neighbour, exits } = await begun();
    fake.error(1, CANCELLED);
    await settle();
    await pass(60_000);
    fake.result(2, 'whole');
    await settle();
    fake.die({ exitCode: 0, signal: undefined });
    await worker.exited;
    expect(neighbour.told).toEqual(['start', 'result "whole"']);
    expect(exits).toMatchObject([{ reason: 'closed', exitCode: 0, error: undefined }]);
  });

  it('is killed where it does not, which nobody else would see to', async () => {
    const { worker, fake, exits } = await begun();
    fake.error(1, CANCELLED);
    fake.result(2, 'whole');
    await settle();
    await pass(9_999);
    expect(fake.signals).toEqual([]);
    await pass(1);
    await worker.exited;
    expect(exits).toMatchObject([{ reason: 'killed', signal: 'SIGKILL' }]);
  });

  it('is killed where it closes its replies and stays, with a call that it can answer no more', async () => {
    const { worker, fake, neighbour } = await begun();
    fake.error(1, CANCELLED);
    await settle();
    fake.runtime.replies.end();
    await settle();
    await pass(10_000);
    await worker.exited;
    expect(neighbour.told).toEqual(['start', 'error worker-exited/unknown']);
    expect(neighbour.error?.context['culprit']).toBeUndefined();
  });

  it('that crashes meanwhile says so of its calls, and blames nobody', async () => {
    const { worker, fake, culprit, neighbour } = await begun();
    fake.die({ exitCode: undefined, signal: 'SIGSEGV' });
    await worker.exited;
    expect(neighbour.error).toMatchObject({
      code: 'worker-exited',
      message: 'Worker p-0.1 (pid 4711) was ended by SIGSEGV under the call of g.',
    });
    expect(culprit.told.at(-1)).toBe('error execution-timeout/unknown');
  });

  it('that is killed for a reason meanwhile has that reason', async () => {
    const { worker, neighbour } = await begun();
    const reason = createError({ code: 'pool-closed', message: 'The pool closed.', outcome: 'unknown' });
    await worker.kill(reason);
    expect(neighbour.told.at(-1)).toBe('error pool-closed/unknown');
  });
});
