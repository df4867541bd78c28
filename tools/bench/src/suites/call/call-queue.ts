import { createPool } from '@pypool/pool';
import type { PoolWorker, WorkerExit, WorkerFactory } from '@pypool/pool';
import type { OutgoingCall } from '@pypool/protocol';
import { fakePool } from 'pypool/testing';

import { WORKERS } from '../../subjects/subject.js';

/** Longer than any run, so that every call has the deadlines that calls have and none of them passes. */
const BUDGET_MS = 600_000;

/** A queue of calls that end when the bench says so. */
export interface BenchQueue {
  /** Make a call, which goes to the end of the queue. */
  submit(): Promise<unknown>;
  /** Finish the oldest call that runs; false where none runs yet. */
  finish(): boolean;
}

/** Make so many calls and finish none. */
export function fill(queue: BenchQueue, count: number): void {
  for (let made = 0; made < count; made += 1) void queue.submit();
}

/** So often, make a call and finish another: the queue keeps its length. */
export async function turn(queue: BenchQueue, count: number): Promise<void> {
  for (let turned = 0; turned < count; turned += 1) {
    void queue.submit();
    // The promise of the call that ends settles, and the next one is dispatched, as they would between two replies.
    while (!queue.finish()) await Promise.resolve();
    await Promise.resolve();
  }
}

/** Make `length` calls at once and finish them all, until there were `count`. */
export async function burst(queue: BenchQueue, length: number, count: number): Promise<void> {
  for (let made = 0; made < count; made += length) {
    fill(queue, length);
    // As above; no function for both, since an async one would cost as much as some of what is measured.
    for (let ended = 0; ended < length; ended += 1) {
      while (!queue.finish()) await Promise.resolve();
      await Promise.resolve();
    }
  }
}

/** Every limit and budget is kept, and none is ever reached. */
function optionsFor(workers: number) {
  return {
    name: 'bench',
    size: workers,
    overflow: 0,
    minReady: workers,
    startConcurrency: Infinity,
    maxQueue: Infinity,
    timeoutMs: BUDGET_MS,
    checkoutTimeoutMs: BUDGET_MS,
    executionTimeoutMs: BUDGET_MS,
  };
}

/** A real pool over workers that do nothing. */
export async function poolQueue(workers: number = WORKERS): Promise<BenchQueue> {
  const running: OutgoingCall[] = [];
  const pool = createPool({ ...optionsFor(workers), factory: idleWorkers(running) });
  await pool.ready();
  return {
    submit: () => pool.call('f', [1]),
    finish() {
      const call = running.shift();
      call?.onResult(1);
      return call !== undefined;
    },
  };
}

/** A real pool over workers of TypeScript, whose calls come from so many sessions by turns, all of them open. */
export async function sessionQueue(sessions: number): Promise<BenchQueue> {
  const running: ((value: unknown) => void)[] = [];
  const handlers = { f: () => new Promise((resolve) => running.push(resolve)) };
  const pool = fakePool(handlers, optionsFor(WORKERS));
  await pool.ready();
  const ids = Array.from({ length: sessions }, (_, at) => `user-${at}`);
  for (const id of ids) pool.session(id);
  let turn = 0;
  return {
    submit: () => pool.session(ids[turn++ % sessions]!).call('f', [1]),
    finish() {
      const settle = running.shift();
      settle?.(1);
      return settle !== undefined;
    },
  };
}

/**
 * What remains of a pool when everything is left out but that each call is a promise, has its arguments and waits its turn. None can keep less.
 *
 * @param queued about as many as will wait; so many that have ended may be kept
 */
export function bareQueue(queued: number): BenchQueue {
  let settlers: ((value: unknown) => void)[] = [];
  let args: unknown[] = [];
  let next = 0;
  return {
    submit() {
      args.push([1]);
      return new Promise((resolve) => settlers.push(resolve));
    },
    finish() {
      settlers[next]!(1);
      next += 1;
      if (next > queued) {
        settlers = settlers.slice(next);
        args = args.slice(next);
        next = 0;
      }
      return true;
    },
  };
}

/** As much of a call as any queue keeps from which a call may be taken out at any place: what it asks for, when it was made, and its links. */
class ListedCall {
  next: ListedCall | undefined = undefined;
  ended = false;

  constructor(
    readonly id: number,
    readonly name: string,
    readonly args: unknown,
    readonly madeAt: number,
    readonly resolve: (value: unknown) => void,
    public previous: ListedCall | undefined,
  ) {}
}

/** The least that can be left early: a list of {@link ListedCall}. It knows of no deadline, no budget, no worker and no outcome. */
export function listQueue(): BenchQueue {
  let first: ListedCall | undefined;
  let last: ListedCall | undefined;
  let made = 0;
  return {
    submit() {
      const args = [1];
      return new Promise((resolve) => {
        const call = new ListedCall(++made, 'f', args, Math.trunc(performance.now()), resolve, last);
        if (last === undefined) first = call;
        else last.next = call;
        last = call;
      });
    },
    finish() {
      const call = first;
      if (call === undefined) return false;
      first = call.next;
      if (first === undefined) last = undefined;
      else first.previous = undefined;
      call.next = undefined;
      call.ended = true;
      call.resolve(1);
      return true;
    },
  };
}

/** Workers that take a call and leave its end to the bench. */
function idleWorkers(running: OutgoingCall[]): WorkerFactory {
  const exit: WorkerExit = { reason: 'closed', exitCode: 0, signal: undefined, error: undefined };
  const ended = (): Promise<WorkerExit> => Promise.resolve(exit);
  const worker: PoolWorker = {
    concurrency: 1,
    facts: {},
    run(call) {
      call.onStart();
      running.push(call);
    },
    cancel: () => undefined,
    leave: () => undefined,
    grant: () => undefined,
    close: ended,
    kill: ended,
  };
  return { start: () => Promise.resolve({ ...worker }), close: () => Promise.resolve() };
}
