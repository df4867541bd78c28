import { createError, FrameType } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FakeProcess } from '../life/fake-process.js';
import { CANCELLED, ready, settle, type WatchedWorker } from '../life/watched-worker.js';
import { lineOf } from '../output/faulthandler.js';
import { DEFAULT_GRACES, type CancelGraces } from './cancel-ladder.js';
import { RecordedCall } from './recorded-call.js';

const FRAMES = [{ file: '/app/a.py', line: 3, function: 'f', code: 'sleep(5)' }];
const STACK = ['File "/app/a.py", line 3 in f'];
const WRITTEN = [
  'Current thread 0x1 (most recent call first):',
  '  File "/app/a.py", line 3 in f',
  '  File "/r/pypool/engine_sync.py", line 100 in _answer',
  '  File "<string>", line 8 in <module>',
];
const timedOut = createError({ code: 'deadline-exceeded', message: 'Too late.', outcome: 'unknown' });
const aborted = createError({ code: 'aborted', message: 'No longer wanted.', outcome: 'unknown' });

async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  await settle();
}

/** A call that runs on a worker that can tell where it is. */
async function running(
  cancel: 'interrupt' | 'kill' = 'interrupt',
  graces?: CancelGraces,
): Promise<WatchedWorker & { call: RecordedCall }> {
  const home = await ready(1, [{ name: 'f', cancel }], ['stream', 'interrupt', 'dump'], graces);
  const call = new RecordedCall();
  home.worker.run(call);
  await settle();
  return { ...home, call };
}

const control = (fake: FakeProcess): number[] => fake.control.map(({ type }) => type).slice(1);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('a call whose time is over', () => {
  it('is asked where it is before it is interrupted, and says so', async () => {
    const { fake, worker, call } = await running();
    worker.cancel(call, timedOut);
    await settle();
    expect(control(fake)).toEqual([FrameType.DUMP, FrameType.CANCEL]);
    fake.dumped(1, [{ id: 1, frames: FRAMES }]);
    fake.error(1, CANCELLED);
    await settle();
    expect(call.error).toMatchObject({ code: 'deadline-exceeded', context: { pythonStack: STACK } });
    expect(call.answers).toBe(1);
    void worker.kill();
    await settle();
  });

  it('waits a moment for what was told before its answer and is read after it', async () => {
    const { fake, worker, call } = await running();
    worker.cancel(call, timedOut);
    fake.error(1, CANCELLED);
    await settle();
    expect(call.answers).toBe(0);
    fake.dumped(1, [{ id: 1, frames: FRAMES }]);
    await settle();
    expect(call.error?.context).toMatchObject({ pythonStack: STACK });
    void worker.kill();
    await settle();
  });

  it('answers without a stack where none is told', async () => {
    const { fake, worker, call } = await running();
    worker.cancel(call, timedOut);
    fake.error(1, CANCELLED);
    await settle();
    await pass(99);
    expect(call.answers).toBe(0);
    await pass(1);
    expect(call.error?.code).toBe('deadline-exceeded');
    expect(call.error?.context).not.toHaveProperty('pythonStack');
    // Too late, and no offence.
    fake.dumped(1, [{ id: 1, frames: FRAMES }]);
    await settle();
    expect([worker.state, call.answers]).toEqual(['ready', 1]);
    void worker.kill();
    await settle();
  });

  it('is answered at once where its process dies while its stack is waited for', async () => {
    const { fake, worker, call } = await running();
    worker.cancel(call, timedOut);
    fake.error(1, CANCELLED);
    await settle();
    fake.die({ exitCode: 1, signal: undefined });
    await settle();
    expect(call.told.at(-1)).toBe('error deadline-exceeded/finished');
    expect(call.answers).toBe(1);
  });

  it('is answered only once its worker has said that it takes no more, where that is killed meanwhile', async () => {
    const { fake, worker, call, told } = await running();
    worker.cancel(call, timedOut);
    fake.error(1, CANCELLED);
    await settle();
    let unavailableThen = 0;
    vi.spyOn(call, 'onError').mockImplementation(() => (unavailableThen = told.unavailable.length));
    void worker.kill();
    expect(unavailableThen).toBe(1);
    await settle();
    expect(told.unavailable).toHaveLength(1);
  });

  it('has its stack written before SIGINT where it was not told', async () => {
    const { fake, worker, call, told } = await running();
    worker.cancel(call, timedOut);
    await pass(2_000);
    expect(fake.signals).toEqual(['SIGWINCH alone', 'SIGINT']);
    fake.stderr.write(`${WRITTEN.join('\n')}\n`);
    await settle();
    await pass(500);
    expect(call.error).toMatchObject({
      outcome: 'unknown',
      context: { rung: 'sigterm', pythonStack: STACK },
    });
    expect(told.output).toEqual([]);
  });

  it('has half a second to say where it is before it is killed, told or written', async () => {
    const { fake, worker, call } = await running('kill');
    worker.cancel(call, timedOut);
    await pass(249);
    expect(fake.signals).toEqual([]);
    await pass(1);
    expect(fake.signals).toEqual(['SIGWINCH alone']);
    await pass(249);
    expect(fake.signals).toHaveLength(1);
    await pass(1);
    expect(fake.signals).toContain('SIGKILL');
    expect(call.error).toMatchObject({ code: 'deadline-exceeded', context: { rung: 'sigkill' } });
  });

  it('that ends by itself before it is killed says so, and its worker serves on', async () => {
    const { fake, worker, call } = await running('kill');
    worker.cancel(call, timedOut);
    await settle();
    fake.result(1, 'all the same');
    await settle();
    await pass(1_000);
    expect(call.error).toMatchObject({
      outcome: 'finished',
      message: 'Too late. It ended by itself.',
    });
    expect(call.error?.context).not.toHaveProperty('rung');
    expect([worker.state, fake.signals]).toEqual(['ready', []]);
    void worker.kill();
    await settle();
  });

  it('has its grace from when SIGTERM was sent, which waits for its stack', async () => {
    const graces = { ...DEFAULT_GRACES, sigintMs: 100, sigtermMs: 100 };
    const { fake, worker, call } = await running('interrupt', graces);
    fake.unkillable = true;
    worker.cancel(call, timedOut);
    await pass(2_000);
    await pass(100);
    await pass(249);
    expect(fake.signals).toEqual(['SIGWINCH alone', 'SIGINT']);
    await pass(1);
    expect(fake.signals.slice(2)).toEqual(['SIGTERM']);
    await pass(99);
    expect(fake.signals.slice(2)).toEqual(['SIGTERM']);
    await pass(1);
    expect(fake.signals.slice(2)).toEqual(['SIGTERM', 'SIGKILL']);
    fake.die({ exitCode: undefined, signal: 'SIGKILL' });
    await worker.exited;
    expect(call.error?.context).toMatchObject({ rung: 'sigkill' });
  });

  it('is killed as soon as it has told', async () => {
    const { fake, worker, call } = await running('kill');
    worker.cancel(call, timedOut);
    await settle();
    fake.dumped(1, [{ id: 1, frames: FRAMES }]);
    await settle();
    expect(fake.signals[0]).toBe('SIGKILL');
    expect(call.error).toMatchObject({ context: { rung: 'sigkill', pythonStack: STACK } });
  });
});

it('asks once for all calls that run out of time, together or until it is told', async () => {
  const { fake, worker } = await ready(65, [{ name: 'f' }], ['stream', 'interrupt', 'dump']);
  const together = Array.from({ length: 64 }, () => new RecordedCall({ executionTimeoutMs: 10 }));
  const later = new RecordedCall();
  const all = [...together, later];
  for (const call of all) worker.run(call);
  await settle();
  await pass(10);
  expect(control(fake)).toEqual([FrameType.DUMP, ...together.map(() => FrameType.CANCEL)]);
  worker.cancel(later, timedOut);
  await settle();
  expect(control(fake).filter((type) => type === FrameType.DUMP)).toHaveLength(1);
  const frames = (id: number): typeof FRAMES => [{ ...FRAMES[0]!, line: id }];
  fake.dumped(
    1,
    all.map((_, at) => ({ id: at + 1, frames: frames(at + 1) })),
  );
  for (const at of all.keys()) fake.error(at + 1, CANCELLED);
  await settle();
  expect(all.map(({ error }) => error?.context['pythonStack'])).toEqual(
    all.map((_, at) => [`File "/app/a.py", line ${at + 1} in f`]),
  );
  // Once that is told, the next is asked about anew.
  const next = new RecordedCall();
  worker.run(next);
  worker.cancel(next, timedOut);
  await settle();
  expect(control(fake).filter((type) => type === FrameType.DUMP)).toHaveLength(2);
  void worker.kill();
  await settle();
});

it('asks anew where the runtime told nothing, and nobody waits for it any more', async () => {
  const { fake, worker, call } = await running();
  worker.cancel(call, timedOut);
  fake.error(1, CANCELLED);
  await settle();
  await pass(100);
  const next = new RecordedCall();
  worker.run(next);
  worker.cancel(next, timedOut);
  await settle();
  fake.dumped(2, [{ id: 2, frames: FRAMES }]);
  fake.error(2, CANCELLED);
  await settle();
  expect(next.error?.context).toMatchObject({ pythonStack: STACK });
  void worker.kill();
  await settle();
});

describe('a stack that a signal has written', () => {
  /** Two calls that run at once, of which the second is aborted or runs on. */
  async function written(beside: boolean): Promise<{ home: WatchedWorker; call: RecordedCall }> {
    const home = await ready(2, [{ name: 'f' }], ['stream', 'interrupt', 'dump']);
    const { fake, worker } = home;
    const call = new RecordedCall();
    worker.run(call);
    if (beside) worker.run(new RecordedCall());
    worker.cancel(call, timedOut);
    await pass(2_000);
    if (beside) await pass(5_000);
    fake.stderr.write(`${WRITTEN.join('\n')}\n`);
    await settle();
    await pass(500);
    return { home, call };
  }

  it('is that of a call which runs alone', async () => {
    const { call } = await written(false);
    expect(call.error?.context).toMatchObject({ pythonStack: STACK });
  });

  it('is nobody’s where several calls run', async () => {
    const { call, home } = await written(true);
    expect(call.error?.context).toMatchObject({ rung: 'sigterm' });
    expect(call.error?.context).not.toHaveProperty('pythonStack');
    expect(home.told.output).toEqual([]);
  });

  it.each([
    [1, [STACK]],
    [2, [[], []]],
  ])('is told of in a dump of %d calls at once', async (concurrency, stacks) => {
    const { fake, worker } = await ready(concurrency, [{ name: 'f' }], ['stream', 'interrupt', 'dump']);
    for (let n = 0; n < concurrency; n++) worker.run(new RecordedCall());
    const dump = worker.dump();
    await pass(500);
    fake.stderr.write(`${WRITTEN.join('\n')}\n`);
    const { how, calls } = await dump;
    expect(how).toBe('signalled');
    expect(calls.map(({ frames }) => frames.map(lineOf))).toEqual(stacks);
    void worker.kill();
    await settle();
  });
});

it('asks nothing of a call that is aborted', async () => {
  const { fake, worker, call } = await running();
  worker.cancel(call, aborted);
  fake.error(1, CANCELLED);
  await settle();
  expect(control(fake)).toEqual([FrameType.CANCEL]);
  expect(call.answers).toBe(1);
  void worker.kill();
  await settle();
});
