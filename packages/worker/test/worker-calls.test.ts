import { describe, expect, it } from 'vitest';
import { givenTime } from '../../../tools/test/given-time.js';
import { leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

describe('a call', () => {
  it('comes back with what it was given, whatever that is', async () => {
    await using worker = await workerFor('echo');
    const values: unknown[] = [
      null,
      true,
      0,
      -0,
      1.5,
      '',
      'é😀\u0000',
      [1, [2]],
      { a: { b: null } },
      2n ** 60n,
      Number.NaN,
      Uint8Array.of(1, 2, 3),
      Float64Array.of(0.5),
      new Date(0),
      new Map([[1, 'one']]),
      new Set(['x']),
      'x'.repeat(3_000_000),
    ];
    for (const value of values) expect(await worker.call('echo', [value])).toEqual(value);
  });

  it('takes positional arguments, keywords, and both', async () => {
    await using worker = await workerFor('echo');
    expect(await worker.call('echo', [1, 'two'])).toEqual([1, 'two']);
    expect(await worker.call('echo', { a: 1 })).toEqual({ args: [], kwargs: { a: 1 } });
    expect(await worker.call('echo', { args: [1], kwargs: { a: 2 } })).toEqual({
      args: [1],
      kwargs: { a: 2 },
    });
    expect(await worker.call('echo')).toEqual([]);
    expect(await worker.call('echo_later', ['async'])).toBe('async');
  });

  it('shows its attributes to the handler', async () => {
    await using worker = await workerFor('echo');
    expect(await worker.call('attributes', [], { attributes: { tenant: 't', n: 1 } })).toEqual({
      tenant: 't',
      n: 1,
    });
    expect(await worker.call('attributes')).toEqual({});
  });

  it('runs after those before it, none lost and none mixed up', async () => {
    await using worker = await workerFor('echo');
    const calls = Array.from({ length: 500 }, (_, n) => worker.call('echo', [n]));
    expect(await Promise.all(calls)).toEqual([...Array(500).keys()]);
  });

  it('fails with the exception of its handler, its traceback and chain, and where it was called', async () => {
    await using worker = await workerFor('end_in_calls');
    async function caller(): Promise<unknown> {
      return await worker.call('raise_from', ['outer']);
    }
    const error = await rejection(caller());
    expect(error).toMatchObject({
      code: 'python-error',
      outcome: 'finished',
      message: 'RuntimeError: outer',
      pythonType: 'RuntimeError',
      args: ['outer'],
      traceback: expect.stringMatching(/end_in_calls\.py", line \d+, in raise_from/) as string,
      cause: { message: "KeyError: 'first'" },
    });
    expect(error.stack).toMatch(/--- worker\.call\(\) ---\n.*caller/);
  });

  it('fails with what is part of its contract', async () => {
    await using worker = await workerFor('end_in_calls');
    expect(await rejection(worker.call('fail', ['no-such-user']))).toMatchObject({
      code: 'python-error',
      failure: { code: 'no-such-user', data: { id: 7 } },
    });
  });

  it('of a name that is not there suggests another; wrong arguments name the signature', async () => {
    await using worker = await workerFor('end_in_calls');
    expect(await rejection(worker.call('segfualt'))).toMatchObject({
      code: 'unknown-function',
      outcome: 'not-started',
      context: { suggestions: ['segfault'] },
    });
    expect(await rejection(worker.call('raise_value_error', []))).toMatchObject({
      code: 'invalid-arguments',
      outcome: 'not-started',
      context: { signature: 'raise_value_error(text)' },
    });
  });

  it('with a result that cannot be encoded names its path, a hundred times, on one worker', async () => {
    await using worker = await workerFor('end_in_calls');
    for (let n = 0; n < 100; n++) {
      expect(await rejection(worker.call('unencodable'))).toMatchObject({
        code: 'unencodable',
        context: { path: 'result.rows[1]' },
      });
    }
  });

  it('that calls sys.exit fails alone', async () => {
    await using worker = await workerFor('end_in_calls');
    expect(await rejection(worker.call('exit_with', [3]))).toMatchObject({
      code: 'python-error',
      pythonType: 'SystemExit',
    });
    expect(await rejection(worker.call('raise_value_error', ['still here']))).toMatchObject({
      message: 'ValueError: still here',
    });
  });

  it('over a frame limit fails alone, in both directions', async () => {
    const limits = { maxFrameBytes: 10_000, maxBufferBytes: 10_000 };
    await using worker = await workerFor('echo', { limits });
    expect(await rejection(worker.call('echo', ['x'.repeat(10_000)]))).toMatchObject({
      code: 'frame-too-large',
      outcome: 'not-started',
    });
    expect(
      await rejection(worker.call('echo', Array(9).fill(new Uint8Array(2_000)) as unknown[])),
    ).toMatchObject({
      code: 'frame-too-large',
    });
    const nearly = 'x'.repeat(9_975);
    // As an argument it fits; as a result, in a list and an object, it does not.
    expect(await rejection(worker.call('echo', { args: [nearly], kwargs: { k: 1 } }))).toMatchObject({
      code: 'frame-too-large',
    });
    expect(await worker.call('echo', ['small'])).toBe('small');
  });

  it('that runs over its budget where nothing else ends it ends the worker, with everything under it', async () => {
    const cancelGraces = { interruptMs: 50, sigintMs: 30_000, sigtermMs: 50 };
    const timeOut = async (executionTimeoutMs: number) => {
      await using worker = await workerFor('end_in_calls', { cancelGraces });
      const call = rejection(worker.call('hold_the_gil', [], { executionTimeoutMs }));
      const behind = rejection(worker.call('fail', ['x']));
      const errors = [await call, await behind] as const;
      return {
        errors,
        executionTimeoutMs,
        exit: errors[0].context['rung'] === 'sigint' && (await worker.exited),
      };
    };
    // It has to hold it by then.
    const { errors, executionTimeoutMs, exit } = await givenTime(300, timeOut, ({ exit }) => exit !== false);
    expect(errors[0]).toMatchObject({
      code: 'execution-timeout',
      outcome: 'finished', // a sleep in C ends with any signal
      context: { function: 'hold_the_gil', budgetMs: executionTimeoutMs, rung: 'sigint' },
    });
    expect(errors[1]).toMatchObject({ code: 'worker-exited', outcome: 'not-started' });
    expect(exit).toMatchObject({ reason: 'killed' });
  });

  it('that is aborted while it waits never runs; the one that runs is not disturbed', async () => {
    await using worker = await workerFor('echo');
    const abort = new AbortController();
    const running = worker.call('nap', [1, 'ran']);
    const waiting = worker.call('echo', [1], { signal: abort.signal });
    abort.abort();
    expect(await rejection(waiting)).toMatchObject({ code: 'aborted', outcome: 'not-started' });
    expect(await running).toBe('ran');
  });
});

describe('a stream', () => {
  it.each(['count', 'count_later'])('gives all items of %s in order, and one end', async (name) => {
    await using worker = await workerFor('yield_items');
    const seen: unknown[] = [];
    for await (const item of worker.stream(name, [2_000])) seen.push(item);
    expect(seen).toEqual([...Array(2_000).keys()]);
  });

  it('that is left stops between two items, its finally run, and the worker is free', async () => {
    await using worker = await workerFor('yield_items');
    for await (const item of worker.stream<number>('count', [1_000_000])) if (item === 3) break;
    const [made] = await worker.call<number[]>('ended');
    // No further ahead than the first credit window.
    expect(made).toBeLessThanOrEqual(64);
  });

  it('that nobody reads stands still within its first window', async () => {
    await using worker = await workerFor('yield_items');
    const stream = worker.stream('count', [1_000_000]);
    const next = worker.call('ended');
    await stream.next();
    await stream.return();
    expect((await next) as number[]).toHaveLength(1);
  });

  it('fails where its generator raises, after all items before', async () => {
    await using worker = await workerFor('yield_items');
    const seen: unknown[] = [];
    const consume = async (): Promise<void> => {
      for await (const item of worker.stream('raise_after', [3])) seen.push(item);
    };
    const error = await rejection(consume());
    expect(seen).toEqual([0, 1, 2]);
    expect(error).toMatchObject({ code: 'python-error', message: 'LookupError: no more' });
    expect(error.stack).toMatch(/--- stream\.next\(\) ---\n.*consume/);
  });

  it('has a budget for each item', async () => {
    const read = async (itemTimeoutMs: number) => {
      await using worker = await workerFor('yield_items');
      const seen: number[] = [];
      const readAll = async (): Promise<void> => {
        for await (const item of worker.stream<number>('stall_after', [2], { itemTimeoutMs }))
          seen.push(item);
      };
      return { error: await rejection(readAll()), seen };
    };
    // Two have to come in time.
    const { error, seen } = await givenTime(300, read, ({ seen }) => seen.length === 2);
    expect(seen).toEqual([0, 1]);
    expect(error).toMatchObject({ code: 'item-timeout', outcome: 'finished' });
  });
});
