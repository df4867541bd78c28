import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PypoolError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';
import type { CancelGraces, LoneWorker } from '../src/index.js';
import { leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

type Engine = 'async' | 'threads';

/** Short, for rungs that do nothing; the one that ends a call is given all the time that a busy machine takes for it, and so are neighbours. */
const SHORT_MS = 200;
const LONG_MS = 60_000;
const GRACES = {
  interrupt: { interruptMs: LONG_MS },
  sigterm: { interruptMs: SHORT_MS, sigintMs: SHORT_MS, sigtermMs: LONG_MS },
  sigkill: { interruptMs: SHORT_MS, sigintMs: SHORT_MS, sigtermMs: SHORT_MS },
};

/** A worker whose calls are to be ended by this rung, where they are ended. */
function workerOf(
  engine: Engine,
  rung: keyof typeof GRACES = 'interrupt',
  graces: Partial<CancelGraces> = {},
): Promise<LoneWorker> {
  const cancelGraces = { neighboursMs: LONG_MS, ...GRACES[rung], ...graces };
  return workerFor('run_together', { engine, concurrency: 3, cancelGraces });
}

/** A call that blocks by now. */
interface Blocked {
  readonly abort: () => void;
  readonly error: Promise<PypoolError>;
}

async function blocked(worker: LoneWorker, name: string, ...args: unknown[]): Promise<Blocked> {
  const controller = new AbortController();
  const blocks = new Promise<void>((resolve) => {
    const onOutput = (): void => {
      worker.off('output', onOutput);
      resolve();
    };
    worker.on('output', onOutput);
  });
  const error = rejection(worker.call(name, args, { signal: controller.signal }));
  await blocks;
  return { abort: () => controller.abort(new Error('no longer wanted')), error };
}

describe.each<[Engine, string, string]>([
  ['async', 'meet', 'who'],
  ['threads', 'meet', 'who'],
  ['threads', 'meet_plainly', 'who_plainly'],
])('the engine %s, with calls of %s', (engine, meet, who) => {
  it('runs them beside each other, and answers each as it ends', async () => {
    await using worker = await workerOf(engine);
    const order: unknown[] = [];
    const [first, second] = ['first', 'second'].map((name) =>
      worker.call(meet, [name]).then((value) => order.push(value)),
    );
    await worker.call('let', ['second']);
    await second;
    expect(order).toEqual(['second']);
    await worker.call('let', ['first']);
    await first;
    expect(order).toEqual(['second', 'first']);
  });

  it('knows of each whose it is', async () => {
    await using worker = await workerOf(engine);
    const calls = Array.from({ length: 60 }, (_, n) => worker.call(who, [], { attributes: { n } }));
    expect(await Promise.all(calls)).toEqual(calls.map((_, n) => [n, n]));
  });

  it('finishes all of them when it is closed', async () => {
    await using worker = await workerOf(engine);
    const calls = [worker.call(meet, ['a']), worker.call(meet, ['b']), worker.call('let', ['a', 'b'])];
    const closed = worker.close();
    expect(await Promise.all(calls)).toEqual(['a', 'b', null]);
    expect(await closed).toMatchObject({ reason: 'closed', exitCode: 0 });
  });
});

describe('a call that is aborted beside others', () => {
  it.each<[Engine, string, string[]]>([
    ['async', 'nap', ['nap']],
    ['async', 'block_the_loop', ['block_the_loop']],
    ['threads', 'nap', ['nap']],
    ['threads', 'ask', []],
  ])('ends alone in the engine %s (%s); the others and the process go on', async (engine, name, done) => {
    await using worker = await workerOf(engine);
    const pid = await worker.call('pid');
    const neighbour = worker.call('meet', ['gate']);
    const call = await blocked(worker, name);
    call.abort();
    expect(await call.error).toMatchObject({
      code: 'aborted',
      outcome: 'finished',
      context: { rung: 'interrupt' },
    });
    expect(await worker.call('tell')).toEqual(done);
    await worker.call('let', ['gate']);
    expect(await neighbour).toBe('gate');
    expect(await worker.call('pid')).toBe(pid);
  });

  it.each<[Engine, string, string, 'sigterm' | 'sigkill']>([
    ['async', 'be_stubborn', 'take_a_second', 'sigterm'],
    ['async', 'ignore_sigterm', 'take_a_second', 'sigkill'],
    ['async', 'be_killed', 'take_a_second', 'sigkill'],
    ['threads', 'be_deaf', 'take_a_second_plainly', 'sigterm'],
    ['threads', 'be_killed', 'take_a_second', 'sigkill'],
  ])(
    'and does not end in the engine %s (%s) waits for %s to finish, and is ended with the process then',
    async (engine, name, beside, rung) => {
      await using worker = await workerOf(engine, rung);
      const call = await blocked(worker, name);
      const neighbour = worker.call(beside);
      await worker.call('pid'); // so that both have begun
      call.abort();
      expect(await neighbour).toBe('whole');
      expect(await call.error).toMatchObject({ code: 'aborted', outcome: 'unknown', context: { rung } });
      expect(await worker.exited).toMatchObject({ reason: 'killed' });
    },
  );

  it.each<[Engine, string, 'sigterm']>([
    ['async', 'be_stubborn', 'sigterm'],
    ['async', 'hold_the_gil', 'sigterm'],
    ['threads', 'be_deaf', 'sigterm'],
    ['threads', 'hold_the_gil', 'sigterm'],
  ])(
    'and does not end in the engine %s (%s) takes those with it that do not finish in their grace',
    async (engine, name, rung) => {
      await using worker = await workerOf(engine, rung, { neighboursMs: SHORT_MS });
      const neighbour = rejection(worker.call('meet', ['nobody opens']));
      await worker.call('pid');
      const call = await blocked(worker, name);
      call.abort();
      expect(await neighbour).toMatchObject({
        code: 'worker-exited',
        outcome: 'unknown',
        message: expect.stringContaining(
          `under the call of meet, for ${name} ran beside it and ended in no gentler way (aborted).`,
        ) as string,
        context: { function: 'meet', culprit: name, rung },
        cause: { code: 'aborted', cause: { message: 'no longer wanted' } },
      });
      expect(await call.error).toMatchObject({ code: 'aborted', outcome: 'unknown', context: { rung } });
    },
  );

  it('that ends late after all costs no neighbour: the worker takes no more calls, and stops when all have ended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pypool-late-'));
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    try {
      await using worker = await workerOf('threads', 'sigterm');
      const call = await blocked(worker, 'end_late', first);
      const neighbour = worker.call('wait_for', [second]);
      await worker.call('pid');
      call.abort();
      let refused: PypoolError | undefined;
      while (refused === undefined)
        await worker.call('pid').catch((error: unknown) => (refused = error as PypoolError));
      expect(refused).toMatchObject({ code: 'worker-exited', outcome: 'not-started' });
      writeFileSync(first, '');
      expect(await call.error).toMatchObject({ outcome: 'finished', context: { rung: 'interrupt' } });
      writeFileSync(second, '');
      expect(await neighbour).toBe('whole');
      expect(await worker.exited).toMatchObject({ reason: 'closed', exitCode: 0 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a stream beside others', () => {
  it.each<Engine>(['async', 'threads'])(
    'that is left in the engine %s is cleaned up; the others go on',
    async (engine) => {
      await using worker = await workerOf(engine);
      const neighbour = worker.call('meet', ['gate']);
      const taken: number[] = [];
      for await (const item of worker.stream<number>('count', [3])) {
        taken.push(item);
        if (item === 2) break;
      }
      expect(taken).toEqual([0, 1, 2]);
      // Nobody waits for the end of a stream that was left.
      expect(await worker.call('tell_once_done')).toEqual(['count']);
      await worker.call('let', ['gate']);
      expect(await neighbour).toBe('gate');
    },
  );
});

describe('a worker that is killed with calls in flight', () => {
  it('answers all that had a place as unknown', async () => {
    await using worker = await workerOf('async');
    const calls = ['a', 'b', 'c'].map((name) => rejection(worker.call('meet', [name])));
    const behind = rejection(worker.call('pid'));
    process.kill(worker.pid, 'SIGKILL');
    const errors = await Promise.all(calls);
    expect(errors.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(await behind).toMatchObject({ outcome: 'not-started' });
  });
});
