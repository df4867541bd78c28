import { approximateBytes, createError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';

import type { PendingCall } from './call/pending-call.js';
import { PoolCore } from './pool-core.js';
import { resolvePoolOptions } from './options/resolve-options.js';
import type { QueueDiscipline } from './strategies/queue.js';
import { fair } from './strategies/fair.js';
import { fifo } from './strategies/fifo.js';
import { lifo } from './strategies/lifo.js';
import { leastBusy } from './strategies/least-busy.js';
import { priority } from './strategies/priority.js';
import type { LimitReached } from './strategies/recycling.js';
import type { SelectionStrategy } from './strategies/selection.js';
import { FakeClock, flush } from './test-support/fake-clock.js';
import { isLoss } from './worker/worker-record.js';
import { died, FakeFactory, type FakeWorker, startFailed } from './test-support/fake-worker.js';

/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
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

function isHard({ option }: LimitReached): boolean {
  return option === 'hardMaxMemoryBytes';
}

/** One pool under random events, with what is known of its calls. */
class Model {
  readonly random: () => number;
  readonly clock = new FakeClock();
  readonly factory: FakeFactory;
  readonly core: PoolCore;
  readonly settled = new Map<number, number>();
  readonly aborts: AbortController[] = [];
  made = 0;
  reloads = 0;
  reloaded = 0;
  /** Most workers there might have been until now. */
  most: number;

  constructor(seed: number) {
    this.random = randomOf(seed);
    const queues: QueueDiscipline[] = [
      fifo(),
      lifo(),
      priority(),
      fair({ by: (call) => call.attributes?.['key'], limit: 2 }),
    ];
    // One name in five has a limit, and one is safe to run twice.
    const facts = [
      ['call-0', { idempotent: false, executionTimeoutMs: undefined, concurrency: this.pick([1, 2]) }],
      ['call-1', { idempotent: true, executionTimeoutMs: undefined, concurrency: undefined }],
    ] as const;
    this.factory = new FakeFactory({
      mode: 'manual',
      concurrency: this.pick([1, 1, 3, 4]),
      facts: this.pick([[], facts]),
    });
    const size = this.below(4);
    this.core = new PoolCore(
      resolvePoolOptions({
        factory: this.factory,
        clock: this.clock,
        size,
        overflow: size === 0 ? 1 + this.below(2) : this.below(3),
        minReady: 0,
        start: this.pick(['eager', 'lazy'] as const),
        queue: this.pick(queues),
        selection: this.pick([leastBusy(), sticky()]),
        maxQueue: this.pick([0, 5, Infinity]),
        maxQueueBytes: this.pick([0, 500, Infinity]),
        maxCalls: this.pick([1, 7, Infinity]),
        maxAgeMs: this.pick([Infinity, Infinity, 900]),
        maxMemoryBytes: this.pick([Infinity, 1_000]),
        hardMaxMemoryBytes: this.pick([Infinity, 2_000]),
        memoryIntervalMs: 30,
        replace: this.pick(['before', 'after'] as const),
        minIdle: size === 0 ? 0 : this.below(size + 1),
        idleTimeoutMs: this.pick([0, 50, Infinity]),
        checkoutTimeoutMs: 2_000,
        timeoutMs: 3_000,
        startTimeoutMs: 1_000,
        maxStartFailures: this.pick([1, 2, 3, Infinity]),
        random: this.random,
      }),
    );
    this.most = this.core.capacity.maximum;
    this.core.reconcile();
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  async step(): Promise<void> {
    const busy = this.factory.alive.filter(({ calls }) => calls.length > 0);
    const kinds: Record<string, () => unknown> = {
      call: () => this.call(),
      burst: () => Array.from({ length: 5 }, () => this.call()),
      answer: () => busy.length > 0 && this.answerOne(this.pick(busy)),
      answerAll: () => busy.forEach((worker) => worker.answer()),
      abort: () => this.aborts.splice(this.below(this.aborts.length), 1)[0]?.abort(),
      die: () => this.factory.alive.length > 0 && this.pick(this.factory.alive).die(),
      lose: () => this.factory.alive.length > 0 && this.lose(this.pick(this.factory.alive)),
      startSucceeds: () => this.factory.pending[0]?.succeed(),
      startFails: () => this.factory.pending[0]?.fail(startFailed('bad luck')),
      startsFail: () => {
        for (const start of [...this.factory.pending]) start.fail(startFailed('broken'));
      },
      leak: () => this.factory.alive.length > 0 && (this.pick(this.factory.alive).memory += 1_200),
      resize: () => this.resize(this.below(5)),
      reload: () => this.reload(),
      soon: () => this.clock.advance(20),
      later: () => this.clock.advance(700),
    };
    const likely = [
      'call',
      'burst',
      'answer',
      'answer',
      'answerAll',
      'startSucceeds',
      'startSucceeds',
      'soon',
    ];
    const name = this.pick([...Object.keys(kinds), ...likely]);
    await kinds[name]!();
    await flush();
  }

  call(): void {
    const id = this.made++;
    const abort = new AbortController();
    this.aborts.push(abort);
    const usesPriority = this.core.options.queue.usesPriority;
    const options = {
      signal: abort.signal,
      attributes: { key: this.below(3) },
      idempotent: this.random() < 0.5,
      ...(usesPriority && { priority: this.below(3) }),
      ...(this.random() < 0.5 && { meta: { session: { id: String(this.below(3)) } } }),
    };
    const settle = () => this.settled.set(id, (this.settled.get(id) ?? 0) + 1);
    this.core.call(`call-${id % 5}`, ['x'.repeat(this.below(200))], options).then(settle, settle);
  }

  resize(size: number): void {
    if (size + this.core.options.overflow === 0) {
      expect(() => this.core.resize(size)).toThrow(expect.objectContaining({ code: 'invalid-options' }));
      return;
    }
    this.core.resize(size);
    this.most = Math.max(this.most, this.core.capacity.maximum);
  }

  reload(): void {
    this.reloads += 1;
    const settle = () => (this.reloaded += 1);
    this.core.reload().then(settle, settle);
  }

  /** It is to be ended for the sake of a call, once those beside that had time to finish. */
  lose(worker: FakeWorker): void {
    if (worker.closing) return;
    worker.yield(createError({ code: 'execution-timeout', message: 'A call went on.', outcome: 'unknown' }));
  }

  answerOne(worker: FakeWorker): void {
    const cancelled = worker.cancelled.find(({ call }) => worker.calls.includes(call));
    if (cancelled !== undefined) worker.fail(cancelled.error, cancelled.call);
    else if (this.random() < 0.1) worker.fail(died('not-started'));
    else worker.answer(undefined, this.pick(worker.calls));
  }

  /** What must hold whenever nothing is under way. */
  check(): void {
    const { roster, calls, options } = this.core;
    const { maximum } = this.core.capacity;
    const { extra, reloading } = this.core.turnover;
    const open = this.made - this.settled.size;
    expect([...this.settled.values()].every((times) => times === 1)).toBe(true);
    expect(calls.running + calls.waiting).toBe(open);
    expect(this.factory.alive.reduce((sum, worker) => sum + worker.calls.length, 0)).toBe(calls.running);
    // One more than there may be while it takes another's place; those that leave after a resize go on until they are done.
    expect(roster.live - roster.leaving).toBeLessThanOrEqual(maximum + extra);
    expect(roster.live).toBeLessThanOrEqual(this.most + 1);
    const before = options.replace === 'before';
    if (!before) expect(extra).toBe(0);
    expect(roster.freePlaces).toBe(
      roster.ready.reduce((sum, one) => sum + one.concurrency - one.inFlight, 0),
    );
    expect(roster.starting).toBe([...roster.all].filter(({ state }) => state.kind === 'starting').length);
    expect(new Set([...roster.all].map(({ slot }) => slot)).size).toBe(roster.all.size);
    for (const record of roster.all) expect(record.inFlight).toBe(record.running.size);
    for (const worker of this.factory.alive)
      expect(worker.calls.length).toBeLessThanOrEqual(worker.concurrency);
    for (const { name, limit, running, held } of calls.limits.lines) {
      const run = this.factory.alive.flatMap((one) => one.calls).filter((call) => call.name === name).length;
      expect(running).toBe(run);
      expect(run).toBeLessThanOrEqual(limit);
      // Only while as many run as may, or no place is free.
      if (held.size > 0) expect(run === limit || roster.freePlaces === 0).toBe(true);
    }
    const queued = [...calls.queue];
    expect(new Set(queued).size).toBe(queued.length);
    expect(queued.length + calls.aside).toBe(calls.waiting);
    const away = [...roster.all].filter(({ state }) => state.kind === 'retiring' && !isLoss(state.reason));
    expect(roster.leavingCalls).toBe(away.reduce((sum, { inFlight }) => sum + inFlight, 0));
    expect(this.core.capacity.taken).toBeLessThanOrEqual(Math.min(calls.running, this.core.capacity.places));
    // What weighs is what waits, and nothing else.
    const weights = [...queued, ...roster.ready.flatMap(({ bound }) => [...bound])].concat(
      [...calls.limits.lines].flatMap(({ held }) => [...held]),
    ) as PendingCall[];
    const weight = weights.reduce((sum, { args }) => sum + approximateBytes(args), 0);
    expect(this.core.capacity.bytes?.total ?? weight).toBe(weight);
    // Nobody waits while a place is free.
    if (calls.eligible > 0) expect(roster.freePlaces).toBe(0);
    // THE invariant: who waits is on the way to a worker. A pause has its timer; leaving workers tell when they are gone.
    if (calls.eligible > 0 && roster.live < maximum) {
      const pausing = this.core.policy.pausedUntil > this.clock.now() && this.clock.timers > 0;
      expect(roster.starting > 0 || pausing).toBe(true);
    }
    // Whoever only a new worker could serve is not kept waiting while none can be started.
    const { circuit } = this.core.policy;
    if (circuit.state !== 'closed' && roster.ready.length === 0) expect(calls.waiting).toBe(0);
    // An open circuit is probed, whether anybody calls or not, and a probe is under way exactly while it is half-open.
    if (circuit.state === 'half-open') expect(roster.starting).toBe(1);
    if (circuit.state === 'open' && roster.live < maximum && (before || roster.leaving === 0)) {
      expect(roster.starting).toBe(0);
      expect(this.core.policy.pausedUntil > this.clock.now() && this.clock.timers > 0).toBe(true);
    }
    // Workers are replaced one at a time, except where each call has a worker of its own or a hard limit ends one.
    const replaced = [...roster.all].filter(
      ({ state, worker }) =>
        state.kind === 'retiring' &&
        worker !== undefined &&
        (state.reason === 'reloaded' || (state.reason === 'recycled' && !isHard(state.reached!))),
    );
    if (options.maxCalls > 1) expect(replaced.length).toBeLessThanOrEqual(1);
    // A reload goes on.
    expect(reloading).toBe(this.reloaded < this.reloads);
    // One that is lost may have calls from before the reload to finish.
    const lost = [...roster.all].some(({ state }) => state.kind === 'retiring' && isLoss(state.reason));
    if (reloading && replaced.length === 0 && roster.leaving === 0 && !lost) {
      const pausing = this.core.policy.pausedUntil > this.clock.now() && this.clock.timers > 0;
      expect(roster.starting > 0 || pausing).toBe(true);
    }
    // The process is held while somebody waits.
    if (open > 0 || reloading) expect(this.clock.holds).toBe(1);
  }
}

describe('a pool under random events', () => {
  it.each(Array.from({ length: 60 }, (_, n) => n * 7_919 + 1))(
    'keeps its invariants (seed %i)',
    async (seed) => {
      const model = new Model(seed);
      for (let n = 0; n < 150; n += 1) {
        await model.step();
        model.check();
      }
      // However it stands: a close settles every call, and leaves no worker.
      const closed = model.core.close(false, 5_000);
      for (let n = 0; n < 10; n += 1) {
        for (const start of [...model.factory.pending]) start.succeed();
        for (const worker of model.factory.alive) if (worker.calls.length > 0) worker.answer();
        await flush();
      }
      await model.clock.advance(5_000);
      await closed;
      expect(model.settled.size).toBe(model.made);
      expect(model.reloaded).toBe(model.reloads);
      expect(model.factory.alive).toEqual([]);
      expect(model.core.roster.all.size).toBe(0);
      expect(model.clock.holds).toBe(0);
    },
  );

  it('settles every call within its budgets when nothing ever answers', async () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const model = new Model(seed);
      for (let n = 0; n < 20; n += 1) model.call();
      for (let n = 0; n < 60; n += 1) {
        await model.clock.advance(100);
        if (n % 3 === 0) model.factory.pending[0]?.succeed();
        // The worker's part of the bargain: what it is asked to end has ended.
        for (const worker of model.factory.alive) {
          for (const { call, error } of worker.cancelled)
            if (worker.calls.includes(call)) worker.fail(error, call);
        }
      }
      await flush();
      expect(model.settled.size).toBe(20);
    }
  });
});
