/**
 * Hours in the life of two pools on a fake clock, which take seconds: one with sessions, and one whose workers are recycled by age, by
 * calls and by memory, rest and leave, hang and are ended, and die. For each hour a line of JSON: an {@link Hour}.
 */
import { createPool } from '@pypool/pool';
import { isPypoolError } from '@pypool/protocol';
import { fakePool } from 'pypool/testing';

import { FakeClock } from '../../../../../packages/pool/src/test-support/fake-clock.js';
import { FakeFactory } from '../../../../../packages/pool/src/test-support/fake-worker.js';
import type { FakeWorker } from '../../../../../packages/pool/src/test-support/fake-worker.js';
import { garbageCollected } from '../../measure/garbage.js';

/** How things stand at the end of an hour, when nothing runs. */
export interface Hour {
  readonly hour: number;
  /** Of V8's heap, after its garbage has been collected. */
  readonly heapBytes: number;
  /** Timers that are armed. */
  readonly timers: number;
  readonly sessions: number;
  readonly calls: number;
  readonly failed: number;
  /** Workers that were started so far. */
  readonly workers: number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const MB = 1e6;

const clock = new FakeClock();
const factory = new FakeFactory();
const workers = createPool({
  factory,
  clock,
  size: 3,
  overflow: 3,
  idleTimeoutMs: 20 * SECOND_MS,
  maxAgeMs: 10 * MINUTE_MS,
  maxCalls: 500,
  maxMemoryBytes: 300 * MB,
});
const answered = new Map<string, () => void>();
const sessions = fakePool(
  {
    answer: (id: string) => new Promise<void>((resolve) => answered.set(id, resolve)),
  },
  { clock, size: 3, maxAgeMs: 15 * MINUTE_MS, sessions: { clock, ttlMs: 5 * MINUTE_MS } },
);

factory.respond = (call) => {
  if (call.name === 'hang') return;
  clock.after(40, () => {
    const worker = factory.alive.find(({ calls }) => calls.includes(call));
    if (worker === undefined) return; // It died meanwhile.
    worker.memory += MB;
    if (call.kind === 'stream') call.onItem(1);
    worker.answer(1, call);
  });
};

let failed = 0;
/** Outcomes are counted; what fails fails with an error of the pool. */
const watch = (call: Promise<unknown>): void => {
  call.catch((error: unknown) => {
    if (!isPypoolError(error)) throw error;
    failed += 1;
  });
};

const hours = Number(process.argv[2]);
for (let hour = 1; hour <= hours; hour += 1) {
  for (let minute = 0; minute < 59; minute += 1) {
    for (let second = 0; second < 60; second += 1) {
      load(minute, second);
      await clock.advance(SECOND_MS);
      endWhatHangs();
    }
  }
  await clock.advance(MINUTE_MS); // What runs ends, and what is above the size leaves.
  process.stdout.write(`${JSON.stringify(await standing(hour))}\n`);
}
await Promise.all([workers.close(), sessions.close()]);

function load(minute: number, second: number): void {
  const burst = second % 30 === 0 ? 12 : 1;
  for (let made = 0; made < burst; made += 1) watch(workers.call('work', [second]));
  if (second % 10 === 0) watch(drained(workers.stream('items')));
  if (minute % 5 === 0 && second === 15) watch(workers.call('hang', [], { executionTimeoutMs: 500 }));
  if (minute % 20 === 0 && second === 20) factory.alive[0]?.die();
  const id = `user-${clock.now()}`;
  watch(sessions.session(id).call('answer', [id]));
  clock.after(30, () => {
    answered.get(id)?.();
    answered.delete(id);
  });
}

async function drained(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

/** As a real worker does that is told to: its call fails, and it goes on. */
function endWhatHangs(): void {
  for (const worker of factory.alive) {
    for (const { call, error } of worker.cancelled.splice(0)) {
      if (worker.calls.includes(call)) worker.fail(error, call);
    }
  }
}

async function standing(hour: number): Promise<Hour> {
  forgetThoseGone(factory.workers);
  await garbageCollected();
  return {
    hour,
    heapBytes: process.memoryUsage().heapUsed,
    timers: clock.timers,
    sessions: sessions.sessions.list().length,
    calls: workers.stats().calls.submitted + sessions.stats().calls.submitted,
    failed,
    workers: workers.stats().workers.starts + sessions.stats().workers.starts,
  };
}

/** The factory of the tests keeps whom it made; a real one does not. */
function forgetThoseGone(all: FakeWorker[]): void {
  all.splice(0, all.length, ...factory.alive);
  factory.started.length = 0;
}
