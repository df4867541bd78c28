import { createError, createValueCodec, FrameType } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeProcess } from '../life/fake-process.js';
import { Inspector } from '../stacks/inspector.js';
import { CallRunner } from './call-runner.js';
import { DEFAULT_GRACES, type CancelGraces } from './cancel-ladder.js';
import type { Culprit } from './errors.js';
import { RecordedCall } from './recorded-call.js';

const CANCELLED = { kind: 'cancelled', message: 'the call was cancelled', started: true };
const aborted = createError({ code: 'aborted', message: 'No longer wanted.', outcome: 'unknown' });

async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  await settle();
}

interface HomeOptions {
  readonly graces?: Partial<CancelGraces>;
  readonly concurrency?: number;
  readonly threads?: boolean;
}

/** A runner of three calls at once, two of `f` and one of `g`, the first of which is to be ended. */
class Home {
  /** Signals, `yield`, `vacated` and `end`, in order. */
  readonly told: string[] = [];
  readonly culprits: (Culprit | undefined)[] = [];
  readonly calls: RecordedCall[] = [];
  readonly runner: CallRunner;

  constructor(
    readonly fake: FakeProcess,
    { graces, concurrency = 3, threads = false }: HomeOptions,
  ) {
    const { connection } = fake.launched;
    this.runner = new CallRunner({
      workerId: 'w',
      pid: 1,
      concurrency,
      codec: createValueCodec(),
      connection,
      inspector: new Inspector(connection.control, undefined),
      graces: {
        ...DEFAULT_GRACES,
        interruptMs: 10,
        sigintMs: 10,
        sigtermMs: 10,
        neighboursMs: 100,
        ...graces,
      },
      maxInterrupts: 0,
      engine: threads ? 'threads' : 'async',
      signal: (signal) => this.told.push(signal),
      onYield: () => this.told.push(`yield for ${this.runner.endedFor?.code}`),
      onVacated: () => this.told.push('vacated'),
      onMustEnd: () => {
        this.told.push('end');
        this.runner.stop();
      },
      onWorn: () => this.told.push('worn'),
    });
    const facts = { stream: false, async: false, idempotent: false, timeoutSeconds: null, concurrency: null };
    this.runner.describe(
      [
        { ...facts, name: 'f', cancel: 'interrupt', async: true },
        { ...facts, name: 'g', cancel: 'interrupt', async: true },
        { ...facts, name: 'plain', cancel: 'interrupt' },
        { ...facts, name: 'killed', cancel: 'kill' },
      ],
      ['interrupt'],
    );
    const onEnd = (): void => undefined;
    connection.listen({
      replies: { onFrame: (frame) => this.runner.onReply(frame), onEnd },
      control: { onFrame: () => undefined, onEnd },
    });
  }

  begin(...names: string[]): RecordedCall[] {
    const calls = names.map((name) => new RecordedCall({ name }));
    for (const call of calls) this.runner.run(call);
    this.calls.push(...calls);
    return calls;
  }

  /** The process is gone. */
  bury(): void {
    this.runner.answerAll((name, ran, culprit) => {
      this.culprits.push(culprit);
      return createError({
        code: 'worker-exited',
        message: `Gone under ${name}.`,
        outcome: ran ? 'unknown' : 'not-started',
      });
    });
  }

  /** How the calls stand, in the order in which they were made. */
  get standings(): (string | undefined)[] {
    return this.calls.map(({ told }) => told.at(-1));
  }
}

async function homeOf(options: HomeOptions = {}): Promise<Home> {
  return new Home(await FakeProcess.start(), options);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('a call that nothing gentle ends, beside others', () => {
  it('is asked alone; then no more calls come, and its neighbours have their grace before the first signal', async () => {
    const home = await homeOf();
    const [culprit] = home.begin('f', 'g', 'g');
    home.runner.cancel(culprit!, aborted);
    await pass(9);
    expect(home.told).toEqual([]);
    await pass(1);
    expect(home.told).toEqual(['yield for aborted']);
    await pass(99);
    expect(home.told).toEqual(['yield for aborted']);
    await pass(1);
    expect(home.told.slice(1)).toEqual(['SIGINT']);
    await pass(10);
    await pass(10);
    expect(home.told.slice(1)).toEqual(['SIGINT', 'SIGTERM', 'end']);
    home.bury();
    expect(home.standings).toEqual([
      'error aborted/unknown',
      'error worker-exited/unknown',
      'error worker-exited/unknown',
    ]);
    expect(home.culprits[1]).toMatchObject({
      name: 'f',
      rung: 'sigkill',
      error: { code: 'aborted', context: { rung: 'sigkill' } },
    });
  });

  it('climbs on as soon as the last neighbour has finished', async () => {
    const home = await homeOf();
    const [culprit] = home.begin('f', 'g', 'g');
    home.runner.cancel(culprit!, aborted);
    await pass(10);
    home.fake.result(2, 'whole');
    await settle();
    expect(home.told).toHaveLength(1);
    home.fake.result(3, 'whole');
    await settle();
    expect(home.told.slice(1)).toEqual(['SIGINT']);
    expect(home.standings.slice(1)).toEqual(['result "whole"', 'result "whole"']);
    await pass(10);
    await pass(10);
    home.bury();
  });

  it('waits for nobody where nobody runs beside it, and takes no more calls all the same', async () => {
    const home = await homeOf();
    const [culprit] = home.begin('f');
    home.runner.cancel(culprit!, aborted);
    await pass(10);
    expect(home.told).toEqual(['yield for aborted', 'SIGINT']);
    home.fake.error(1, CANCELLED);
    await settle();
    expect(home.told.slice(2)).toContain('end');
    expect(culprit!.told.at(-1)).toBe('error aborted/finished');
  });

  it('is sent SIGTERM first where calls run on threads, which SIGINT does not reach', async () => {
    const home = await homeOf({ threads: true });
    const [culprit] = home.begin('f', 'g');
    home.runner.cancel(culprit!, aborted);
    await pass(10);
    await pass(100);
    expect(home.told.slice(1)).toEqual(['SIGTERM']);
    home.runner.stop();
  });

  it('may end while its neighbours have their grace: nobody is disturbed, and the worker is told when it is empty', async () => {
    const home = await homeOf();
    const [culprit] = home.begin('f', 'g');
    home.runner.cancel(culprit!, aborted);
    await pass(10);
    home.fake.error(1, CANCELLED);
    await settle();
    expect(culprit!.error).toMatchObject({ outcome: 'finished', context: { rung: 'interrupt' } });
    await pass(1_000);
    expect(home.told).toEqual(['yield for aborted']);
    home.fake.result(2, 'whole');
    await settle();
    expect(home.told).toEqual(['yield for aborted', 'vacated']);
  });

  it.each([
    [0, ['yield for aborted', 'SIGINT']],
    [Infinity, ['yield for aborted']],
  ])('gives neighbours %d ms where that is their grace', async (neighboursMs, told) => {
    const home = await homeOf({ graces: { neighboursMs, sigintMs: Infinity } });
    const [culprit] = home.begin('f', 'g');
    home.runner.cancel(culprit!, aborted);
    await pass(10);
    await pass(1e6);
    expect(home.told).toEqual(told);
  });

  it('ends with a neighbour that is to be ended as well, which is waited for no longer', async () => {
    const home = await homeOf();
    const [first, second] = home.begin('f', 'f');
    home.runner.cancel(first!, aborted);
    await pass(10);
    home.runner.cancel(second!, aborted);
    await pass(9);
    expect(home.told).toHaveLength(1);
    await pass(1);
    expect(home.told.slice(1)).toEqual(['SIGINT']);
    await pass(10);
    await pass(10);
    expect(home.told.slice(2)).toEqual(['SIGTERM', 'end']);
    home.bury();
    expect(home.calls.map(({ error }) => error?.context['rung'])).toEqual(['sigkill', 'sigkill']);
  });

  it('takes along one that comes when signals are on their way', async () => {
    const home = await homeOf({ graces: { sigintMs: 1_000, neighboursMs: 0 } });
    const [first, second] = home.begin('f', 'f');
    home.runner.cancel(first!, aborted);
    await pass(10);
    await pass(0);
    home.runner.cancel(second!, aborted);
    await pass(10);
    home.fake.error(2, CANCELLED);
    await settle();
    // It may have been the signal that ended it, and that was for the process.
    expect(home.told.slice(1)).toEqual(['SIGINT', 'end']);
    home.bury();
  });

  it('does not disturb those behind it that have not begun, and starts no grace for them', async () => {
    const home = await homeOf({ concurrency: 2 });
    const [culprit, , behind] = home.begin('f', 'g', 'g');
    home.runner.cancel(culprit!, aborted);
    await pass(10);
    await pass(100);
    for (let rung = 0; rung < 2; rung++) await pass(10);
    home.bury();
    expect(behind!.told).toEqual(['error worker-exited/not-started']);
  });
});

describe('a call that is ended by the end of its process, beside others', () => {
  it('waits for them, unasked', async () => {
    const home = await homeOf();
    const [culprit] = home.begin('killed', 'g');
    home.runner.cancel(culprit!, aborted);
    home.runner.cancel(culprit!, aborted);
    await settle();
    expect(home.told).toEqual(['yield for aborted']);
    home.fake.result(2, 'whole');
    await settle();
    expect(home.told.slice(1)).toEqual(['end']);
    expect(home.fake.control.filter(({ type }) => type === FrameType.CANCEL)).toEqual([]);
    home.bury();
    expect(culprit!.error).toMatchObject({ outcome: 'unknown', context: { rung: 'sigkill' } });
  });

  it('may finish meanwhile, and says so', async () => {
    const home = await homeOf();
    const [culprit] = home.begin('killed', 'g');
    home.runner.cancel(culprit!, aborted);
    await settle();
    home.fake.result(1, 'all the same');
    await settle();
    expect(culprit!.error).toMatchObject({
      outcome: 'finished',
      message: 'No longer wanted. It ended by itself.',
    });
    await pass(100);
    expect(home.told).toEqual(['yield for aborted']);
  });

  it('may finish meanwhile, and the others are ended no harder than they need', async () => {
    const home = await homeOf();
    const [killed, culprit] = home.begin('killed', 'f', 'g');
    home.runner.cancel(killed!, aborted);
    home.runner.cancel(culprit!, aborted);
    await pass(10);
    home.fake.result(1, 'all the same');
    await settle();
    await pass(90);
    expect(home.told).toEqual(['yield for aborted', 'SIGINT']);
    home.runner.stop();
  });

  it('may lose its process meanwhile, and says so', async () => {
    const home = await homeOf();
    const [culprit] = home.begin('killed', 'g');
    home.runner.cancel(culprit!, aborted);
    home.bury();
    expect(culprit!.error).toMatchObject({
      outcome: 'unknown',
      message: 'No longer wanted. Its process ended under it.',
    });
    expect(home.culprits).toEqual([undefined, undefined]);
  });
});

it('counts a call that waits as begun where the one before it answered while the process was ended', async () => {
  const home = await homeOf({ concurrency: 1 });
  const [ended, next, last] = home.begin('killed', 'g', 'g');
  home.runner.cancel(ended!, aborted);
  await settle();
  expect(home.told).toEqual(['end']);
  home.fake.result(1, 'late');
  await settle();
  home.bury();
  expect(next!.told).toEqual(['start', 'error worker-exited/unknown']);
  expect(last!.told).toEqual(['error worker-exited/not-started']);
  expect(ended!.error).toMatchObject({ code: 'aborted', outcome: 'unknown', context: { rung: 'sigkill' } });
  expect(ended!.answers).toBe(1);
});

describe('a neighbour', () => {
  it('that a signal ended which was meant for another is told so, and ends the process', async () => {
    const home = await homeOf({ graces: { neighboursMs: 0, sigintMs: Infinity } });
    const [culprit, neighbour] = home.begin('f', 'g', 'g');
    home.runner.cancel(culprit!, aborted);
    await pass(10);
    await pass(0);
    home.fake.error(2, CANCELLED);
    await settle();
    expect(home.told.slice(1)).toEqual(['SIGINT', 'end']);
    expect(neighbour!.told).toEqual(['start']);
    home.bury();
    expect(home.standings).toEqual([
      'error aborted/unknown',
      'error worker-exited/unknown',
      'error worker-exited/unknown',
    ]);
    expect(home.culprits.map((culprit) => culprit?.name)).toEqual(['f', 'f', 'f']);
  });

  it('that is left or aborted during its grace is asked as ever, and ends gently', async () => {
    const home = await homeOf({ graces: { interruptMs: 50 } });
    const [culprit, neighbour] = home.begin('f', 'g');
    home.runner.cancel(culprit!, aborted);
    await pass(50);
    home.runner.cancel(neighbour!, aborted);
    await pass(10);
    home.fake.error(2, CANCELLED);
    await settle();
    expect(neighbour!.error).toMatchObject({ outcome: 'finished', context: { rung: 'interrupt' } });
    expect(home.told.slice(1)).toEqual(['SIGINT']);
    home.runner.stop();
  });
});

describe('interrupts', () => {
  it.each([
    ['f', false, []],
    ['plain', false, ['worn']],
    ['plain', true, []],
  ])('of %s wear a worker only where they raise into its code (threads: %s)', async (name, threads, told) => {
    const home = await homeOf({ threads });
    const [call] = home.begin(name);
    home.runner.cancel(call!, aborted);
    home.fake.error(1, CANCELLED);
    await settle();
    expect(call!.error).toMatchObject({ outcome: 'finished' });
    expect(home.told).toEqual(told);
  });
});
