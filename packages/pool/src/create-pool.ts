import { checkListener, createError, shown, type WorkerDump } from '@pypool/protocol';

import { StreamFace } from './call/stream-face.js';
import { mapCalls, type MapItems, type PoolMap } from './map/call-map.js';
import type { MapOptions } from './map/map-options.js';
import type { CloseOptions } from './lifecycle/closing.js';
import type { CallObserver } from './observe/call-observer.js';
import { dumpWorker } from './observe/dump.js';
import { describeStartTrouble, judgeHealth, type PoolHealth } from './observe/health.js';
import { POOL_EVENT_NAMES, type PoolEventName, type PoolListener } from './observe/events.js';
import type { PoolStats } from './observe/stats.js';
import { type PoolStatus, workerStatus } from './observe/status.js';
import { waitingCalls } from './observe/waiting.js';
import { resolveCloseOptions } from './options/close-options.js';
import type { PoolCallOptions } from './options/call-options.js';
import type { PoolOptions } from './options/pool-options.js';
import { resolvePoolOptions } from './options/resolve-options.js';
import type { Pool, PoolStream } from './pool.js';
import { PoolCore } from './pool-core.js';

/**
 * Make a pool. It starts its workers by itself (unless `lazy`), from the next microtask on, so that listeners added right away hear everything.
 *
 * @throws UsageError `invalid-options`, before anything is started
 */
export function createPool(options: PoolOptions): Pool {
  return new CorePool(new PoolCore(resolvePoolOptions(options)));
}

/** What users of a pool see of it. */
class CorePool implements Pool {
  readonly #core: PoolCore;

  constructor(core: PoolCore) {
    this.#core = core;
    queueMicrotask(() => core.reconcile());
  }

  get name(): string {
    return this.#core.options.name;
  }

  get places(): number {
    return this.#core.capacity.places;
  }

  map<T, Item>(name: string, items: MapItems<Item>, options?: MapOptions<Item>): PoolMap<T> {
    return mapCalls(this, name, items, options);
  }

  call<T>(name: string, args?: unknown, options?: PoolCallOptions): Promise<T> {
    return this.#core.call(name, args, options) as Promise<T>;
  }

  stream<T>(name: string, args?: unknown, options?: PoolCallOptions): PoolStream<T> {
    const stream = this.#core.stream(name, args, options);
    const face = new StreamFace<T>(stream);
    this.#core.leaks.opened(stream, face, this);
    return face;
  }

  ready(): Promise<void> {
    return this.#core.ready();
  }

  drain(): Promise<void> {
    return this.#core.drain();
  }

  reload(): Promise<void> {
    return this.#core.reload();
  }

  resize(size: number): void {
    this.#core.resize(size);
  }

  async close(options?: CloseOptions): Promise<void> {
    const { force, timeoutMs } = resolveCloseOptions(options, this.#core.options.closeTimeoutMs);
    return this.#core.close(force, timeoutMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  status(): PoolStatus {
    const { options, roster, calls, closing, capacity, policy } = this.#core;
    const { clock } = options;
    return {
      name: options.name,
      state: closing.state,
      size: roster.size,
      overflow: options.overflow,
      selection: options.selection.name,
      queue: options.queue.name,
      running: calls.running,
      places: capacity.places,
      queued: calls.waiting,
      ahead: calls.ahead,
      queuedBytes: capacity.bytes?.total,
      waiting: waitingCalls({
        clock,
        calls,
        roster,
        policy,
        queue: options.queue.name,
        selection: options.selection.name,
      }),
      circuit: policy.circuit.state,
      workers: [...roster.all]
        .sort((a, b) => a.slot - b.slot)
        .map((record) => workerStatus(record, options.clock)),
    };
  }

  dump(workerId: string): Promise<WorkerDump> {
    return dumpWorker(this.#core.roster.all, workerId);
  }

  stats(): PoolStats {
    const { counters, calls } = this.#core;
    return counters.snapshot(calls.prefetch?.sentAhead ?? 0);
  }

  health(): PoolHealth {
    const { options, roster, calls, closing, policy, capacity } = this.#core;
    const { trouble } = policy;
    return judgeHealth({
      state: closing.state,
      ready: roster.ready.length,
      minReady: capacity.minReady,
      size: roster.size,
      // Without steady workers, none is there once they have rested.
      lazy: options.start === 'lazy' || roster.size === 0,
      queued: calls.waiting,
      full: capacity.full,
      startTrouble: trouble && describeStartTrouble(trouble, options.clock),
      earlyDeaths: policy.earlyDeaths,
    });
  }

  on<Name extends PoolEventName>(event: Name, listener: PoolListener<Name>): void {
    checkListener(event, listener, POOL_EVENT_NAMES);
    this.#core.events.on(event, listener);
  }

  off<Name extends PoolEventName>(event: Name, listener: PoolListener<Name>): void {
    this.#core.events.off(event, listener);
  }

  observe(observer: CallObserver): () => void {
    if (typeof (observer as CallObserver | undefined)?.onSubmitted === 'function')
      return this.#core.observe(observer);
    throw createError({
      code: 'invalid-arguments',
      message: `pool.observe() needs an observer: an object with onSubmitted(), got ${shown(observer)}.`,
      context: { argument: 'observer' },
    });
  }
}
