import type { PypoolError } from '@pypool/protocol';

import type { Capacity } from '../dispatch/capacity.js';
import * as errors from '../errors.js';
import type { Announcer } from '../observe/announcer.js';
import type { ResolvedPoolOptions } from '../options/pool-options.js';
import { type LimitReached, renewalStep } from '../strategies/recycling.js';
import type { Roster } from '../worker/roster.js';
import type { Supervisor } from '../worker/supervisor.js';
import type { WorkerRecord } from '../worker/worker-record.js';
import { MemoryWatch, type MemoryWatchOwner } from './memory-watch.js';
import { Recycling } from './recycling.js';
import { Reloads, type ReloadsOwner } from './reload.js';
import { checkSize, surplus } from './resize.js';
import type { StartPolicy } from './start-policy.js';

/** What {@link Turnover} works on. */
export interface TurnoverParts {
  readonly options: ResolvedPoolOptions;
  readonly roster: Roster;
  readonly capacity: Capacity;
  readonly policy: StartPolicy;
  readonly supervisor: Supervisor;
  readonly announce: Announcer;
  /** Something has changed that decisions are made from. */
  readonly reconcile: () => void;
}

/**
 * Who leaves while the pool goes on: workers that have reached a limit, are from before a reload, or are too many after a resize. What it
 * decides, it decides in {@link Turnover.advance}, as part of the pool's one `reconcile()`.
 */
export class Turnover implements MemoryWatchOwner, ReloadsOwner {
  readonly #parts: TurnoverParts;
  readonly #recycling: Recycling;
  readonly #reloads: Reloads;
  readonly #memory: MemoryWatch;
  #open = true;
  #extra = 0;

  constructor(parts: TurnoverParts) {
    const { options, roster } = parts;
    this.#parts = parts;
    this.#recycling = new Recycling(options, roster, () => this.reconcile());
    this.#reloads = new Reloads(options.clock, this);
    this.#memory = new MemoryWatch(options, roster, this);
  }

  /** Workers there may be beyond the maximum, until the one they replace has left: 0 or 1. */
  get extra(): number {
    return this.#extra;
  }

  /** Whether somebody waits for a reload. */
  get reloading(): boolean {
    return this.#reloads.pending;
  }

  /** Whether a call that comes or goes is a matter for {@link advance}. */
  get mindsCalls(): boolean {
    return this.#recycling.mayBeDue || this.#reloads.pending || this.#memory.mindsCalls;
  }

  /** Replace every worker that has been begun by now. Those that are not up yet are begun anew, and a pause after failures ends. */
  reload(): Promise<void> {
    const { roster, supervisor, policy } = this.#parts;
    const reloaded = this.#reloads.wait(supervisor.latest);
    supervisor.renew();
    policy.endPause();
    for (const record of [...roster.all])
      supervisor.abandon(record, 'reloaded', errors.startGivenUp(record.id));
    policy.circuit.startAbandoned();
    // Whoever asks for the same in this moment draws the same line.
    queueMicrotask(() => this.reconcile());
    return reloaded;
  }

  /** @throws UsageError `invalid-options` */
  resize(size: number): void {
    const { options, roster } = this.#parts;
    checkSize(size, options.overflow);
    roster.resize(size);
  }

  /** A worker begins to start. */
  begin(record: WorkerRecord): void {
    this.#recycling.begin(record);
  }

  ready(record: WorkerRecord): void {
    this.#recycling.ready(record);
  }

  /** @returns whether that ends a reload of a pool that goes on with all the workers it should have */
  startFailed({ number }: WorkerRecord, error: PypoolError): boolean {
    const { options, roster, policy } = this.#parts;
    const { ready } = roster;
    const failed = this.#reloads.startFailed(number, () =>
      errors.reloadFailed(options.name, ready.length, error),
    );
    return failed && ready.length >= policy.steady;
  }

  /** A worker was given the last call it should get. */
  spent(record: WorkerRecord): void {
    if (this.#parts.options.maxCalls > 1) this.#recycling.look();
    else if (record.state.kind === 'ready') this.#retire(record, { option: 'maxCalls', value: 1, limit: 1 });
  }

  /** A worker says that it has reached a limit. */
  worn(): void {
    this.#recycling.look();
  }

  /** Decide, and see to it that what has to be looked at later is. @param running calls that run */
  advance(running: number): void {
    const { roster, policy, capacity } = this.#parts;
    this.#memory.watch(running);
    if (!this.#open) return;
    if (this.#reloads.pending) this.#reloads.advance(roster.oldest, roster.ready.length >= policy.steady);
    this.#extra = 0;
    if (this.#recycling.mayBeDue || this.#reloads.pending) this.#renew();
    // Room for one more is for one that comes up to take another's place.
    const allowed = capacity.maximum + (roster.starting > 0 ? this.#extra : 0);
    const tooMany = roster.live - roster.leaving - allowed;
    if (tooMany > 0) this.#dismiss(surplus(roster.all, tooMany));
  }

  /** The pool closes: workers stay as they are until they stop. */
  close(why: () => PypoolError): void {
    this.#open = false;
    this.#extra = 0;
    this.#recycling.stop();
    this.#reloads.fail(why);
  }

  /** No call is left. */
  stop(): void {
    this.#memory.stop();
  }

  onMemory(record: WorkerRecord): void {
    const { hardMaxMemoryBytes: limit } = this.#parts.options;
    const value = record.memoryBytes!;
    this.#recycling.look();
    if (value <= limit) return;
    const error = errors.memoryExceeded(record.id, value, limit);
    this.#parts.supervisor.evict(record, error, { option: 'hardMaxMemoryBytes', value, limit });
  }

  onReloaded(reloadMs: number): void {
    this.#parts.announce.reloaded(reloadMs);
  }

  onReloadFailed(error: PypoolError): void {
    this.#parts.announce.reloadFailed(error);
  }

  reconcile(): void {
    this.#parts.reconcile();
  }

  /** Replace one that is due, or ask for its replacement. */
  #renew(): void {
    const { options, roster, policy } = this.#parts;
    const { ready } = roster;
    const reached = this.#recycling.due();
    const { line } = this.#reloads;
    const step = renewalStep({
      due: ready
        .filter((record) => reached.has(record) || record.number <= line)
        .map((record) => ({ record, stale: !reached.has(record) })),
      ready: ready.length,
      steady: policy.steady,
      leaving: this.#leaving,
      proven: ready.some(({ number }) => number > line),
      replace: options.replace,
    });
    if (step === 'start') this.#extra = 1;
    else if (step !== 'nothing') this.#retire(step.leaves, reached.get(step.leaves));
  }

  #retire(record: WorkerRecord, reached: LimitReached | undefined): void {
    const reason = reached === undefined ? 'reloaded' : 'recycled';
    this.#parts.supervisor.retire(record, reason, { reached });
  }

  #dismiss(records: readonly WorkerRecord[]): void {
    const { supervisor, policy } = this.#parts;
    for (const record of records) {
      if (record.state.kind === 'ready') supervisor.retire(record, 'surplus');
      else supervisor.abandon(record, 'surplus', errors.startGivenUp(record.id));
    }
    policy.circuit.startAbandoned();
  }

  /** Whether one that was replaced is on its way out, perhaps with a call to finish. */
  get #leaving(): boolean {
    for (const { state } of this.#parts.roster.all) {
      if (state.kind !== 'retiring') continue;
      if (state.reason === 'recycled' || state.reason === 'reloaded') return true;
    }
    return false;
  }
}
