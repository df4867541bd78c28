import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { LoneWorker } from '../src/index.js';
import { leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

/** Calls that are to end by a cancel, in each engine. A minute's worth is 10 000. */
const CANCELS = Number(process.env['PYPOOL_CANCELS'] ?? 500);

const HANDLERS = [
  'spin',
  'write_log',
  'take_locks',
  'count_shielded',
  'write_files',
  'import_modules',
  'return_much',
  'wait_often',
  'pass_items',
];

/** Cancel calls at random instants until so many ended by it; each is followed by one that must not be hit. */
async function storm(worker: LoneWorker, cancels: number): Promise<void> {
  let ended = 0;
  for (let given = 1; ended < cancels; given += 1) {
    const name = HANDLERS[given % HANDLERS.length]!;
    const abort = new AbortController();
    const call = worker.call<unknown[]>(name, [given], { signal: abort.signal });
    const next = worker.call('echo', [-given]);
    const settled = call.then(
      (value) => value,
      () => undefined,
    );
    const instant = Math.random() * 3;
    if (instant < 1) for (let turns = instant * 100; turns > 0; turns -= 1) await new Promise(setImmediate);
    else await wait(instant - 1);
    const reason = new Error(`nobody waits for ${given}`);
    abort.abort(reason);
    const value = await settled;
    if (value !== undefined) {
      expect(value.slice(0, 2)).toEqual([name, given]);
    } else {
      const error = await rejection(call);
      expect(error).toMatchObject({ code: 'aborted', context: { function: name } });
      expect(error.cause).toBe(reason);
      expect(error.context['rung']).toBe('interrupt');
      expect(['finished', 'not-started']).toContain(error.outcome);
      ended += 1;
    }
    expect(await next).toEqual(['echo', -given]);
  }
}

// In `threads` nothing is interrupted: there a call ends when it looks whether it is to.
it.each([
  { engine: 'sync', concurrency: 1 },
  { engine: 'async', concurrency: 2 },
] as const)(
  'in $engine: at random instants leaks no lock, file or half a module, tears no frame and hits no other call; the same processes serve to the end',
  { timeout: 900_000 },
  async (options) => {
    // However late a busy machine lets the interrupt come: nothing else is to end a call.
    const given = { ...options, cancelGraces: { interruptMs: 60_000 } };
    await using one = await workerFor('hold_things', given);
    await using two = await workerFor('hold_things', given);
    const workers = [one, two];
    const pids = await Promise.all(workers.map((worker) => worker.call('pid')));
    await Promise.all(workers.map((worker) => storm(worker, CANCELS / 2)));
    for (const worker of workers) {
      // The rest ended before they began, or was over when the cancel came.
      expect(await worker.call('times_raised')).toBeGreaterThan(CANCELS / 4);
      expect(await worker.call('what_is_left')).toEqual([]);
      await worker.call('remove');
    }
    expect(await Promise.all(workers.map((worker) => worker.call('pid')))).toEqual(pids);
  },
);
