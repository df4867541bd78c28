import { PoolCore } from '../../pool-core.js';
import { resolvePoolOptions } from '../../options/resolve-options.js';
import type { QueueDiscipline } from '../../strategies/queue.js';
import { fair } from '../../strategies/fair.js';
import { fifo } from '../../strategies/fifo.js';
import { leastBusy } from '../../strategies/least-busy.js';
import { lifo } from '../../strategies/lifo.js';
import { priority } from '../../strategies/priority.js';
import { roundRobin } from '../../strategies/round-robin.js';
import type { SelectionStrategy } from '../../strategies/selection.js';
import type { FakeClock } from '../fake-clock.js';
import { FakeFactory } from '../fake-worker.js';
import type { Dice } from './dice.js';

/** Budgets of every pool, in milliseconds. */
export const BUDGETS = { checkoutTimeoutMs: 2_000, timeoutMs: 3_000, startTimeoutMs: 1_000 } as const;

/** The functions that are called: one in five may have a limit, and one is safe to run twice. */
export const LIMITED = 'call-0';
export const IDEMPOTENT = 'call-1';
export const FUNCTIONS = [LIMITED, IDEMPOTENT, 'call-2', 'call-3', 'call-4'] as const;

/** A source of workers whose starts, calls and ends are the model's to decide. */
export function drawFactory(dice: Dice): FakeFactory {
  const facts = [
    [LIMITED, { idempotent: false, executionTimeoutMs: undefined, concurrency: dice.pick([1, 2]) }],
    [IDEMPOTENT, { idempotent: true, executionTimeoutMs: undefined, concurrency: undefined }],
  ] as const;
  const factory = new FakeFactory({
    mode: 'manual',
    concurrency: dice.pick([1, 1, 3, 4]),
    facts: dice.pick([[], facts]),
    revokes: dice.chance(0.7),
  });
  factory.honoursAbort = dice.chance(0.8);
  return factory;
}

/** Any pool there may be, small enough for things to collide. */
export function drawPool(dice: Dice, clock: FakeClock, factory: FakeFactory): PoolCore {
  const size = dice.below(4);
  // Otherwise few of them send calls ahead.
  const sendsAhead = factory.revokes && dice.chance(0.7);
  const queues: QueueDiscipline[] = [
    fifo(),
    lifo(),
    priority(),
    fair({ by: (call) => call.attributes?.['key'], limit: 2 }),
  ];
  return new PoolCore(
    resolvePoolOptions({
      factory,
      clock,
      ...BUDGETS,
      size,
      overflow: size === 0 ? 1 + dice.below(2) : dice.below(3),
      minReady: 0,
      start: dice.pick(['eager', 'lazy'] as const),
      startConcurrency: dice.pick([1, 8]),
      queue: dice.pick(sendsAhead ? [fifo(), priority({ sendsAhead })] : queues),
      selection: dice.pick([leastBusy(), roundRobin(), sendsAhead ? leastBusy() : sticky()]),
      maxQueue: dice.pick([0, 5, Infinity]),
      maxQueueBytes: dice.pick([0, 500, Infinity]),
      prefetch: dice.pick([
        sendsAhead ? {} : false,
        {},
        { maxCalls: 2, maxBytes: 300, takeBackAfterMs: 100 },
      ]),
      maxAttempts: dice.pick([1, 2, 3]),
      maxCalls: dice.pick([1, 7, Infinity]),
      maxAgeMs: dice.pick([Infinity, Infinity, 900]),
      maxMemoryBytes: dice.pick([Infinity, 1_000]),
      hardMaxMemoryBytes: dice.pick([Infinity, 2_000]),
      memoryIntervalMs: 30,
      replace: dice.pick(['before', 'after'] as const),
      minIdle: size === 0 ? 0 : dice.below(size + 1),
      idleTimeoutMs: dice.pick([0, 50, Infinity]),
      maxStartFailures: dice.pick([1, 2, 3, Infinity]),
      random: dice.next,
    }),
  );
}

/** Calls of all functions have been quick for a while: those that took long are forgotten. */
export function quicken({ calls }: PoolCore): void {
  for (const name of FUNCTIONS) {
    for (let n = 0; n < 80; n += 1) calls.prefetch?.times.took(name, 0.01);
  }
}

/** Calls with a session stay with the worker they were first given, as long as it lives. */
function sticky(): SelectionStrategy {
  const any = leastBusy();
  const homes = new Map<string, string>();
  return {
    name: 'sticky',
    select(call, workers) {
      const id = call.meta?.session?.id;
      const home = id === undefined ? undefined : workers.find((worker) => worker.id === homes.get(id));
      if (home !== undefined) return home;
      const worker = any.select(call, workers);
      if (id !== undefined && worker !== null) homes.set(id, worker.id);
      return worker;
    },
  };
}
