import { createError } from '@pypool/protocol';

import type { Clock, ClockTimer } from '../clock/clock.js';
import type { PoolWorker } from '../contract.js';
import type { ResolvedPoolOptions } from '../options/pool-options.js';
import type { Roster } from '../worker/roster.js';
import type { WorkerRecord } from '../worker/worker-record.js';

/** Whom the watch tells. */
export interface MemoryWatchOwner {
  /** A worker was looked at; `record.memoryBytes` says what it holds. */
  onMemory(record: WorkerRecord): void;
  /** A look at all is over. */
  reconcile(): void;
}

/** Looks now and then at what workers hold that have served somebody since the last look. No timer where there is no limit or nothing to see. */
export class MemoryWatch {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #limited: boolean;
  readonly #roster: Roster;
  readonly #owner: MemoryWatchOwner;
  /** Calls that each had answered when it was last looked at. */
  readonly #answered = new WeakMap<WorkerRecord, number>();
  #served = false;
  #waiting = false;
  #stopped = false;
  #timer: ClockTimer | undefined;

  constructor(options: ResolvedPoolOptions, roster: Roster, owner: MemoryWatchOwner) {
    this.#clock = options.clock;
    this.#intervalMs = options.memoryIntervalMs;
    this.#limited = limitsMemory(options);
    this.#roster = roster;
    this.#owner = owner;
  }

  /** Whether {@link watch} would see to anything when a call runs. */
  get mindsCalls(): boolean {
    return this.#limited && !(this.#served && this.#waiting);
  }

  /** See to it that a look is due where there is something to see. Cheap: called after every event. */
  watch(running: number): void {
    if (!this.#limited || this.#stopped) return;
    if (running > 0) this.#served = true;
    if (!this.#served || this.#waiting) return;
    this.#waiting = true;
    this.#timer = this.#clock.after(this.#intervalMs, () => void this.#look());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    if (this.#stopped) return;
    this.#served = false;
    await Promise.all([...this.#roster.all].map((record) => this.#read(record)));
    this.#waiting = false;
    this.#owner.reconcile();
  }

  async #read(record: WorkerRecord): Promise<void> {
    const { worker, calls, inFlight, ahead } = record;
    if (worker?.memoryBytes === undefined) return;
    const answered = calls - inFlight - ahead;
    if (inFlight === 0 && this.#answered.get(record) === answered) return;
    this.#answered.set(record, answered);
    try {
      record.memoryBytes = await worker.memoryBytes();
    } catch {
      return; // It could be read when it started, so it is gone, which is told elsewhere.
    }
    if (!this.#stopped && record.state.kind !== 'dead') this.#owner.onMemory(record);
  }
}

/** Whether memory has to be read at all. */
export function limitsMemory({ maxMemoryBytes, hardMaxMemoryBytes }: ResolvedPoolOptions): boolean {
  return maxMemoryBytes < Infinity || hardMaxMemoryBytes < Infinity;
}

/**
 * Make sure that a limit on memory is one.
 *
 * @throws SystemError `unsupported-platform` where a worker cannot tell what it holds, or whatever its first reading rejects with
 */
export async function assertTellsMemory(worker: PoolWorker, workerId: string): Promise<void> {
  if (worker.memoryBytes === undefined) {
    throw createError({
      code: 'unsupported-platform',
      message: `maxMemoryBytes and hardMaxMemoryBytes cannot be kept: worker ${workerId} cannot tell what it holds on this system. Leave them out here.`,
      context: { workerId },
    });
  }
  await worker.memoryBytes();
}
