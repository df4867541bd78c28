import { createError, createValueCodec, FrameType } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeProcess } from '../life/fake-process.js';
import { Inspector } from '../stacks/inspector.js';
import { CallRunner } from './call-runner.js';
import { DEFAULT_GRACES, type CancelGraces } from './cancel-ladder.js';
import { RecordedCall } from './recorded-call.js';

const CANCELLED = { kind: 'cancelled', message: 'the call was cancelled' };
const aborted = createError({ code: 'aborted', message: 'No longer wanted.', outcome: 'unknown' });

async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  await settle();
}

interface Home {
  readonly fake: FakeProcess;
  readonly runner: CallRunner;
  /** Signals, `end` and `worn`, in order. */
  readonly told: string[];
  /** Modes of the CANCELs of each call id, in order. */
  readonly asked: () => [number, string][];
}

async function homeOf(graces: Partial<CancelGraces> = {}, cancel?: 'cooperative' | 'kill'): Promise<Home> {
  const fake = await FakeProcess.start();
  const told: string[] = [];
  const runner = new CallRunner({
    workerId: 'w',
    pid: 1,
    concurrency: 1,
    codec: createValueCodec(),
    connection: fake.launched.connection,
    inspector: new Inspector(fake.launched.connection.control, undefined),
    graces: { ...DEFAULT_GRACES, ...graces },
    maxInterrupts: 1,
    engine: 'sync',
    signal: (signal) => told.push(signal),
    onMustEnd: () => {
      told.push('end');
      runner.stop();
    },
    onYield: () => told.push('yield'),
    onVacated: () => told.push('vacated'),
    onWorn: () => told.push('worn'),
  });
  const facts = { stream: false, async: false, idempotent: false, timeoutSeconds: null, concurrency: null };
  runner.describe([{ ...facts, name: 'f', cancel: cancel ?? 'interrupt' }], ['interrupt']);
  const onEnd = (): void => undefined;
  fake.launched.connection.listen({
    replies: { onFrame: (frame) => runner.onReply(frame), onEnd },
    control: { onFrame: () => undefined, onEnd },
  });
  const asked = (): [number, string][] =>
    fake.control
      .filter(({ type }) => type === FrameType.CANCEL)
      .map(({ callId, envelope }) => [callId, (JSON.parse(envelope) as { mode: string }).mode]);
  return { fake, runner, told, asked };
}

function begin({ runner }: Home, kind: 'call' | 'stream' = 'call'): RecordedCall {
  const call = new RecordedCall(kind === 'stream' ? { kind, credit: 2 } : {});
  runner.run(call);
  return call;
}

const gone = (home: Home): void =>
  home.runner.answerAll((name, ran) =>
    createError({
      code: 'worker-exited',
      message: `Gone under ${name}.`,
      outcome: ran ? 'unknown' : 'not-started',
    }),
  );

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the ladder', () => {
  it('climbs from the interrupt to SIGINT, SIGTERM and the end, each after its grace', async () => {
    const home = await homeOf({ interruptMs: 30, sigintMs: 20, sigtermMs: 10 });
    const call = begin(home);
    home.runner.cancel(call, aborted);
    await settle();
    expect([home.asked(), home.told]).toEqual([[[1, 'interrupt']], []]);
    await pass(29);
    expect(home.told).toEqual([]);
    await pass(1);
    await pass(19);
    expect(home.told).toEqual(['SIGINT']);
    await pass(1);
    await pass(9);
    expect(home.told).toEqual(['SIGINT', 'SIGTERM']);
    await pass(1);
    expect(home.told).toEqual(['SIGINT', 'SIGTERM', 'end']);
    gone(home);
    expect(call.error).toMatchObject({
      code: 'aborted',
      outcome: 'unknown',
      message: 'No longer wanted. It was ended with SIGKILL.',
      context: { rung: 'sigkill' },
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stops where the call is answered, and leaves no timer', async () => {
    const home = await homeOf();
    const call = begin(home);
    home.runner.cancel(call, aborted);
    home.fake.error(1, { ...CANCELLED, started: true });
    await settle();
    expect(call.error).toMatchObject({
      outcome: 'finished',
      message: 'No longer wanted. It ended after an interrupt.',
      context: { rung: 'interrupt' },
    });
    expect(vi.getTimerCount()).toBe(0);
    expect(home.told).toEqual([]);
  });

  it('keeps the first reason, and asks once', async () => {
    const home = await homeOf();
    const call = begin(home);
    home.runner.cancel(call, aborted);
    home.runner.cancel(call, createError({ code: 'deadline-exceeded', message: 'Later.' }));
    home.fake.result(1, 'all the same');
    await settle();
    expect(home.asked()).toHaveLength(1);
    expect(call.told).toEqual(['start', 'error aborted/finished']);
  });

  it('stands still where a grace is infinite', async () => {
    const home = await homeOf({ interruptMs: Infinity });
    home.runner.cancel(begin(home), aborted);
    await pass(1e9);
    expect(home.told).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('reads an answer that has arrived before it climbs', async () => {
    const home = await homeOf({ interruptMs: 0 });
    const call = begin(home);
    home.runner.cancel(call, aborted);
    home.fake.error(1, { ...CANCELLED, started: true });
    await pass(0);
    expect(home.told).toEqual([]);
    expect(call.answers).toBe(1);
  });

  it('ends a worker that was sent a signal, before the call is answered', async () => {
    const home = await homeOf({ interruptMs: 10 });
    const call = begin(home);
    let toldThen: string[] = [];
    vi.spyOn(call, 'onError').mockImplementation(() => (toldThen = [...home.told]));
    home.runner.cancel(call, aborted);
    await pass(10);
    home.fake.error(1, { ...CANCELLED, started: true });
    await settle();
    expect(toldThen).toEqual(['SIGINT', 'end']);
  });

  it('says once that more calls were interrupted than the limit, before that call is answered', async () => {
    const home = await homeOf();
    for (let id = 1; id <= 3; id++) {
      home.runner.cancel(begin(home), aborted);
      home.fake.error(id, { ...CANCELLED, started: true });
      await settle();
      expect(home.told).toEqual(id > 1 ? ['worn'] : []);
    }
  });
});

describe('a call that has not begun', () => {
  it('is asked for alone; the one that runs is not disturbed', async () => {
    const home = await homeOf({ interruptMs: 10 });
    const [running, waiting] = [begin(home), begin(home)];
    home.runner.cancel(waiting, aborted);
    await pass(1_000);
    expect([home.asked(), home.told]).toEqual([[[2, 'interrupt']], []]);
    home.fake.result(1, 'done');
    home.fake.error(2, CANCELLED);
    await settle();
    expect(running.told).toEqual(['start', 'result "done"']);
    expect(waiting.error).toMatchObject({
      outcome: 'not-started',
      message: 'No longer wanted. It had not begun.',
    });
  });

  it('climbs when its turn comes and it is not answered all the same', async () => {
    const home = await homeOf({ interruptMs: 10 });
    const waiting = [begin(home), begin(home)][1]!;
    home.runner.cancel(waiting, aborted);
    home.fake.result(1, 'done');
    await settle();
    await pass(10);
    expect(home.told).toEqual(['SIGINT']);
  });
});

describe('a function that says how it is cancelled', () => {
  it('by its end is not asked', async () => {
    const home = await homeOf({}, 'kill');
    home.runner.cancel(begin(home), aborted);
    await settle();
    expect([home.asked(), home.told]).toEqual([[], ['end']]);
  });

  it('by its end is asked all the same where a consumer left, and ended after the first grace', async () => {
    const home = await homeOf({ interruptMs: 10 }, 'kill');
    home.runner.leave(begin(home, 'stream'));
    await settle();
    expect([home.asked(), home.told]).toEqual([[[1, 'leave']], []]);
    await pass(10);
    expect(home.told).toEqual(['end']);
  });

  it('cooperatively is asked, and ended harder when it does not listen', async () => {
    const home = await homeOf({ interruptMs: 10 }, 'cooperative');
    home.runner.cancel(begin(home), aborted);
    await pass(10);
    expect([home.asked(), home.told]).toEqual([[[1, 'interrupt']], ['SIGINT']]);
  });
});

describe('a stream that is left', () => {
  it('ends well where it was interrupted', async () => {
    const home = await homeOf();
    const call = begin(home, 'stream');
    home.runner.leave(call);
    home.fake.error(1, { ...CANCELLED, started: true });
    await settle();
    expect(call.told).toEqual(['start', 'result undefined']);
  });

  it('fails where its clean-up does', async () => {
    const home = await homeOf();
    const call = begin(home, 'stream');
    home.runner.leave(call);
    home.fake.error(1, { kind: 'python', message: 'cannot close', type: 'OSError', module: 'builtins' });
    await settle();
    expect(call.told.at(-1)).toBe('error python-error/finished');
  });

  it('fails as aborted where only the end of its process ended it', async () => {
    const home = await homeOf({ interruptMs: 1, sigintMs: 1, sigtermMs: 1 });
    const call = begin(home, 'stream');
    home.runner.leave(call);
    for (let rung = 0; rung < 3; rung++) await pass(1);
    gone(home);
    expect(call.error).toMatchObject({ code: 'aborted', outcome: 'unknown', context: { rung: 'sigkill' } });
  });
});
