import { isLoss, type RetireReason, type WorkerRecord, type WorkerState } from './worker-record.js';

/** The workers of a pool, and the sums that decisions are made from; kept up to date by {@link Roster.move}, so none needs a search. */
export class Roster {
  /** All but the dead, in the order of their start. */
  readonly all = new Set<WorkerRecord>();
  /** Those that take calls, by ascending slot. */
  readonly ready: WorkerRecord[] = [];
  #size: number;
  readonly #slots = new Set<number>();
  starting = 0;
  /** Retiring by our own will: they count against the maximum until they are gone. The dying do not, for they are replaced at once. */
  leaving = 0;
  /** Calls that those still run. What the dying still run takes nobody's place. */
  leavingCalls = 0;
  /** Calls that were sent ahead and have no place yet, to whatever worker. */
  ahead = 0;
  /** Calls that ready workers could take now. */
  freePlaces = 0;
  /** The worker whose place became free last. */
  #freed: WorkerRecord | undefined;
  /** Calls that ready workers take in all. */
  readyPlaces = 0;
  /** What one more worker would probably add: what the last one did. */
  placesPerWorker: number;

  /**
   * @param size steady workers; ready ones above it are marked as overflow
   * @param placesPerWorker calls that each will take at once, as far as that is known before the first is up
   */
  constructor(size: number, placesPerWorker = 1) {
    this.#size = size;
    this.placesPerWorker = placesPerWorker;
  }

  /** Calls that ready workers run. */
  get readyCalls(): number {
    return this.readyPlaces - this.freePlaces;
  }

  /** The worker with the only place that is free, where that is known without a search: it became free last. */
  get onlyFree(): WorkerRecord | undefined {
    const freed = this.#freed;
    const isOnly =
      this.freePlaces === 1 && freed?.state.kind === 'ready' && freed.inFlight < freed.concurrency;
    return isOnly ? freed : undefined;
  }

  /** Steady workers there should be. */
  get size(): number {
    return this.#size;
  }

  resize(size: number): void {
    this.#size = size;
    this.#markOverflow();
  }

  /** Number of the oldest start that is not dead; `Infinity` where there is none. */
  get oldest(): number {
    return this.all.values().next().value?.number ?? Infinity;
  }

  /** Workers that count against the maximum. */
  get live(): number {
    return this.ready.length + this.starting + this.leaving;
  }

  /** The smallest slot that no worker has, the dying included: their process may still hold what the slot stands for. */
  freeSlot(): number {
    let slot = 0;
    while (this.#slots.has(slot)) slot += 1;
    return slot;
  }

  /** Enter a worker that is starting. */
  add(record: WorkerRecord): void {
    this.all.add(record);
    this.#slots.add(record.slot);
    this.starting += 1;
  }

  /** Change a worker's state, and with it all the sums. */
  move(record: WorkerRecord, next: WorkerState): void {
    const before = record.state;
    record.moveTo(next);
    if (before.kind === 'starting') this.starting -= 1;
    else if (before.kind === 'retiring' && countsUntilGone(before.reason)) {
      this.leaving -= 1;
      this.leavingCalls -= record.inFlight;
    } else if (before.kind === 'ready') this.#removeReady(record);
    if (next.kind === 'ready') this.#addReady(record);
    else if (next.kind === 'retiring' && countsUntilGone(next.reason)) {
      this.leaving += 1;
      this.leavingCalls += record.inFlight;
    } else if (next.kind === 'dead') {
      this.all.delete(record);
      this.#slots.delete(record.slot);
    }
  }

  /** A worker was given a call: it takes a place, or where none is free waits for one there. */
  occupy(record: WorkerRecord): void {
    if (record.inFlight === record.concurrency) {
      record.ahead += 1;
      this.ahead += 1;
      return;
    }
    record.inFlight += 1;
    if (record.state.kind === 'ready') this.freePlaces -= 1;
  }

  /** A worker answered one. Its place is that of the first that was sent ahead. */
  vacate(record: WorkerRecord, now: number): void {
    const { state } = record;
    if (record.ahead > 0) {
      record.ahead -= 1;
      this.ahead -= 1;
      return;
    }
    record.inFlight -= 1;
    if (state.kind === 'ready') {
      this.freePlaces += 1;
      this.#freed = record;
    } else if (state.kind === 'retiring' && countsUntilGone(state.reason)) this.leavingCalls -= 1;
    if (record.inFlight === 0) record.idleSince = now;
  }

  #addReady(record: WorkerRecord): void {
    const at = this.ready.findIndex(({ slot }) => slot > record.slot);
    this.ready.splice(at === -1 ? this.ready.length : at, 0, record);
    this.freePlaces += record.concurrency - record.inFlight;
    this.readyPlaces += record.concurrency;
    this.placesPerWorker = record.concurrency;
    this.#markOverflow();
  }

  #removeReady(record: WorkerRecord): void {
    this.ready.splice(this.ready.indexOf(record), 1);
    this.freePlaces -= record.concurrency - record.inFlight;
    this.readyPlaces -= record.concurrency;
    if (this.#freed === record) this.#freed = undefined;
    this.#markOverflow();
  }

  /** The highest slots are the ones too many. */
  #markOverflow(): void {
    this.ready.forEach((record, at) => (record.overflow = at >= this.#size));
  }
}

function countsUntilGone(reason: RetireReason): boolean {
  return !isLoss(reason) && reason !== 'start-timeout';
}
