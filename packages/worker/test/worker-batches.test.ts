import { isPypoolError, PythonError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';
import type { LoneWorker } from '../src/index.js';
import { leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

/** Once the next line is printed. */
function heard(worker: LoneWorker): Promise<void> {
  return new Promise((resolve) => {
    const onOutput = (): void => {
      worker.off('output', onOutput);
      resolve();
    };
    worker.on('output', onOutput);
  });
}

describe.each(['async', 'threads'] as const)('a function that takes batches, in the engine %s', (engine) => {
  it('has each call answered with its own result, or its own error', async () => {
    await using worker = await workerFor('gather', { engine, concurrency: 3 });
    const [four, error, two] = await Promise.allSettled(
      [3, 0, 6].map((number) => worker.call('divide', [number])),
    );
    expect([four, two]).toEqual([
      { status: 'fulfilled', value: 4 },
      { status: 'fulfilled', value: 2 },
    ]);
    expect(error).toMatchObject({ reason: { pythonType: 'ZeroDivisionError', outcome: 'finished' } });
    expect((error as PromiseRejectedResult).reason).toBeInstanceOf(PythonError);
  });

  it('goes on for the other calls when one is aborted, and ends with the last', async () => {
    await using worker = await workerFor('gather', { engine, concurrency: 4 });
    const they = heard(worker);
    const calls = ['a', 'b', 'c'].map((name) => {
      const controller = new AbortController();
      const error = rejection(worker.call('meet', [name], { signal: controller.signal }));
      return { abort: () => controller.abort(), error };
    });
    await they;
    const told: string[] = [];
    for (const { abort, error } of calls) {
      abort();
      const { code, outcome, message } = await error;
      told.push(`${code} ${outcome} ${message.includes('Its batch runs on for the other calls')}`);
    }
    expect(told).toEqual(['aborted unknown true', 'aborted unknown true', 'aborted finished false']);
    expect(await worker.call('let', ['a'])).toBeNull();
  });

  it('leaves unknown what became of each call when its process dies', async () => {
    await using worker = await workerFor('gather', { engine, concurrency: 3 });
    const errors = await Promise.all([5, 6, 7].map((code) => rejection(worker.call('die', [code]))));
    for (const error of errors) expect(error).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
  });
});

it('is given lists of one in the engine sync, of which the pool is told', async () => {
  await using worker = await workerFor('gather');
  const suggestion = new Promise<string>((resolve) => {
    worker.on('suggestion', ({ message }) => resolve(message));
  });
  expect(await worker.call('divide', [4])).toBe(3);
  expect(await suggestion).toContain('takes batches of up to 3 calls');
  const refused: unknown = await worker.call('divide', [1, 2]).catch((error: unknown) => error);
  expect(isPypoolError(refused) && refused.code).toBe('invalid-arguments');
});
