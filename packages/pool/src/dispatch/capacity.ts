import type { PendingCall } from '../call/pending-call.js';
import type { PoolLoad } from '../errors.js';
import type { ResolvedPoolOptions } from '../options/pool-options.js';
import { hasFreePlace } from '../strategies/selection.js';
import type { Roster } from '../worker/roster.js';
import type { Dispatcher } from './dispatcher.js';
import type { QueueBytes } from './queue-bytes.js';

/** How much a pool can take, and how much of that is taken. */
export class Capacity {
  readonly #options: ResolvedPoolOptions;
  readonly #roster: Roster;
  readonly #calls: Dispatcher;
  readonly bytes: QueueBytes | undefined;

  constructor(options: ResolvedPoolOptions, roster: Roster, calls: Dispatcher, bytes?: QueueBytes) {
    this.bytes = bytes;
    this.#options = options;
    this.#roster = roster;
    this.#calls = calls;
  }

  /** Most workers there may be. */
  get maximum(): number {
    return this.#roster.size + this.#options.overflow;
  }

  /** Ready workers that `ready()` waits for: never more than there may be. */
  get minReady(): number {
    return Math.min(this.#options.minReady, this.maximum);
  }

  /** Calls that run or wait. */
  get open(): number {
    return this.#calls.running + this.#calls.waiting;
  }

  /** Calls that as many workers as there may be run at once. */
  get places(): number {
    return this.#roster.readyPlaces + this.#placesToCome;
  }

  /** Of these, the ones that are taken. What a worker runs that has been replaced already is in nobody's way. */
  get taken(): number {
    const { readyCalls, leavingCalls } = this.#roster;
    return leavingCalls === 0 ? readyCalls : readyCalls + Math.min(leavingCalls, this.#placesToCome);
  }

  get #placesToCome(): number {
    const { ready, placesPerWorker } = this.#roster;
    return Math.max(0, this.maximum - ready.length) * placesPerWorker;
  }

  /** Calls for which workers are started. What is ahead at one stays there, and yet tells that there is more to do than there are places. */
  get wanting(): number {
    const { eligible, ahead } = this.#calls;
    return this.#roster.freePlaces > 0 ? eligible : eligible + ahead;
  }

  /** Whether the queue has no room for one more. */
  get full(): boolean {
    return !this.#hasRoom(false) || this.bytes?.full === true;
  }

  /**
   * Whether one more call may wait: see `maxQueue` and `maxQueueBytes`. Where it may, it counts as waiting from now on.
   *
   * @param aside it would wait for one certain worker or for others of its function, and so for none of the places that may yet come
   */
  readonly mayWait = (aside: boolean, call: PendingCall): boolean =>
    this.#hasRoom(aside) && (this.bytes === undefined || this.bytes.admit(call));

  #hasRoom(aside: boolean): boolean {
    const { waiting, aside: asideNow } = this.#calls;
    const room = this.places - this.taken - (waiting - asideNow);
    if (!aside && room > 0) return true;
    return asideNow + Math.max(0, -room) < this.#options.maxQueue;
  }

  /** The numbers, for errors. */
  load(): PoolLoad {
    return {
      pool: this.#options.name,
      total: this.#roster.live,
      busy: this.#roster.ready.filter((record) => !hasFreePlace(record)).length,
      starting: this.#roster.starting,
      queued: this.#calls.waiting,
      maximum: this.maximum,
    };
  }
}
