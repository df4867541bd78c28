import type { PypoolError } from '@pypool/protocol';

import type { Attempt, AttemptOwner } from '../call/attempt.js';
import type { CallList } from '../call/call-list.js';
import type { PendingCall } from '../call/pending-call.js';
import type { Clock } from '../clock/clock.js';
import { asPypoolError } from '../errors.js';
import type { ResolvedPrefetch } from '../options/prefetch-options.js';
import type { CallQueue, QueueDiscipline, QueuedCall } from '../strategies/queue.js';
import { hasFreePlace, type SelectionStrategy } from '../strategies/selection.js';
import type { Roster } from '../worker/roster.js';
import { isLoss, type WorkerRecord } from '../worker/worker-record.js';
import { FunctionLimits } from './function-limits.js';
import { Prefetch } from './prefetch.js';
import type { QueueBytes } from './queue-bytes.js';
import { RunningCalls } from './running-calls.js';

/** Whom the dispatcher tells. */
export interface DispatcherOwner extends AttemptOwner {
  /** A strategy refused a call; it is in no queue. */
  onRefused(call: PendingCall, error: PypoolError): void;
  /** A worker was given a call. */
  onGiven(record: WorkerRecord): void;
}

/** What became of a call that was placed. */
export type Placement = 'running' | 'waiting' | 'refused' | 'full';

/** Brings calls and places together: asks the strategies, and keeps what waits. */
export class Dispatcher {
  readonly #clock: Clock;
  readonly #roster: Roster;
  readonly #selection: SelectionStrategy;
  readonly #queue: CallQueue;
  readonly #owner: DispatcherOwner;
  readonly limits = new FunctionLimits();
  readonly #bytes: QueueBytes | undefined;
  readonly #runs: RunningCalls;
  readonly prefetch: Prefetch | undefined;
  /** One for all calls: see {@link Dispatcher.#choices}. */
  readonly #only: WorkerRecord[] = [];
  #bound = 0;

  constructor(
    clock: Clock,
    roster: Roster,
    selection: SelectionStrategy,
    queue: QueueDiscipline,
    owner: DispatcherOwner,
    bytes?: QueueBytes,
    prefetch: ResolvedPrefetch = false,
  ) {
    this.#bytes = bytes;
    this.#clock = clock;
    this.#roster = roster;
    this.#selection = selection;
    this.#queue = queue.create();
    this.#owner = owner;
    const { limits } = this;
    this.#runs = new RunningCalls({ clock, roster, queue: this.#queue, limits, bytes, owner });
    // Where it matters beyond a moment who goes first, and where, a call has to wait until that is known.
    if (prefetch !== false && queue.sendsAhead === true && selection.sendsAhead === true) {
      const send = this.#runs.run.bind(this.#runs);
      this.prefetch = new Prefetch({ clock, roster, queue: this.#queue, limits, send }, prefetch);
      this.#runs.prefetch = this.prefetch;
    }
  }

  /** Calls that wait for any worker, as far as looking goes. */
  get queue(): Pick<CallQueue, 'eligible'> & Iterable<QueuedCall> {
    return this.#queue;
  }

  /** Calls that a worker runs. */
  get running(): number {
    return this.#runs.count - this.ahead;
  }

  /** Of those that wait, the ones that a worker has already. */
  get ahead(): number {
    return this.#roster.ahead;
  }

  /** Calls that wait, whatever for and wherever. */
  get waiting(): number {
    return this.#queue.size + this.aside + this.ahead;
  }

  /** Calls that would start now if there were workers. */
  get eligible(): number {
    return this.#queue.eligible + (this.limits.active ? this.limits.eligible : 0);
  }

  /** Of those that wait, the ones that the next free place is not for: they wait for a certain worker, or for others of their function. */
  get aside(): number {
    return this.#bound + this.limits.held;
  }

  /**
   * Place a new call: run it in this turn where a place is free, or let it wait.
   *
   * @param now by the pool's clock
   * @param mayWait asked when it has to wait, with whether that is aside from the queue: see {@link aside}; once it said yes, the call waits
   */
  place(call: PendingCall, now: number, mayWait: (aside: boolean, call: PendingCall) => boolean): Placement {
    let choice: WorkerRecord | null = null;
    try {
      // Those who came first go first: with places free and calls waiting, a dispatch is under way further up the stack.
      const overtakes = this.#roster.freePlaces > 0 && this.eligible > 0;
      if (!overtakes && this.#queue.mayStart(call)) {
        if (this.limits.active && !this.limits.mayRun(call)) {
          if (!mayWait(true, call)) return 'full';
          this.#hold(call);
          return 'waiting';
        }
        choice = this.#choose(call);
      }
      if (choice === null) {
        if (!mayWait(false, call)) return 'full';
        this.#queue.add(call);
        call.state = 'waiting';
        return 'waiting';
      }
    } catch (error) {
      this.#refuse(call, error);
      return 'refused';
    }
    if (hasFreePlace(choice)) {
      this.#runs.run(choice, call, now);
      return 'running';
    }
    if (!mayWait(true, call)) return 'full';
    this.#bind(choice, call);
    return 'waiting';
  }

  /** Give free places to those who wait. @param at by the pool's clock, where whoever asks has just looked at it */
  dispatch(at?: number): void {
    if (this.#queue.size + this.aside === 0) return;
    const isFree = this.#roster.freePlaces > 0;
    if (!isFree && this.prefetch === undefined) return;
    const now = at ?? this.#clock.now();
    if (isFree) this.#dispatchWaiting(now);
    this.prefetch?.feed(now);
  }

  /** A worker is ready: go by what it says of its functions. */
  describe({ functions }: WorkerRecord): void {
    if (functions === undefined && !this.limits.active) return;
    const free = this.limits.describe(functions ?? new Map(), (name) => this.#runs.of(name));
    for (const call of free.reverse()) this.#putBack(call);
  }

  /** A worker answered: its place is free. The call is in no queue until it is settled or put back. */
  release(attempt: Attempt, now: number, served: boolean): void {
    this.#runs.release(attempt, now, served);
  }

  /** A worker never began with a call: it goes back to its place in the queue, as if it had not been there. */
  giveBack(call: PendingCall, record: WorkerRecord): void {
    call.attempts -= 1;
    record.calls -= 1;
    this.retry(call);
  }

  /** A call that never ran, or may run again, goes back to its place in the queue. */
  retry(call: PendingCall): void {
    this.#bytes?.readmit(call);
    this.#putBack(call);
  }

  /** Take out a call that waits. */
  withdraw(call: PendingCall): void {
    this.#bytes?.left(call);
    if (call.state === 'waiting') this.#queue.remove(call);
    else if (call.state === 'held') this.limits.remove(call);
    else if (call.state === 'bound') {
      (call.list as CallList<QueuedCall>).remove(call);
      this.#bound -= 1;
    }
    call.state = 'placing';
  }

  /** A worker takes no more calls: those that waited for it are placed anew, before others that came later. */
  rebind(record: WorkerRecord): void {
    this.prefetch?.leaves(record, record.state.kind === 'retiring' && isLoss(record.state.reason));
    // A record that is dead keeps what its worker held, until some later call would take this place.
    if (this.#only[0] === record) this.#only.pop();
    if (record.bound.size === 0) return;
    const now = this.#clock.now();
    const orphans = record.bound.clear() as PendingCall[];
    this.#bound -= orphans.length;
    for (const call of orphans) call.state = 'placing';
    const unplaced: PendingCall[] = [];
    for (const call of orphans) {
      if (call.state === 'placing' && this.place(call, now, (bound) => bound) === 'full') unplaced.push(call);
    }
    // Placing the others has run code of the user's, which may have ended one of these.
    for (const call of unplaced.reverse()) if (call.state === 'placing') this.#putBack(call);
  }

  /** Take out all that wait. */
  clear(): PendingCall[] {
    const calls: QueuedCall[] = [...this.#queue.clear(), ...this.limits.clear()];
    // Also of one that takes no more calls, and whose listeners are told so before its calls are placed anew.
    for (const record of this.#roster.all) calls.push(...record.bound.clear());
    this.#bound = 0;
    for (const call of calls as PendingCall[]) {
      call.state = 'placing';
      this.#bytes?.left(call);
    }
    return calls as PendingCall[];
  }

  /** No call is open, and none will be. */
  stop(): void {
    this.prefetch?.takeBack.stop();
  }

  #dispatchWaiting(now: number): void {
    if (this.#bound > 0) this.#dispatchBound(now);
    if (this.limits.held > 0 && !this.#dispatchHeld(now)) return;
    while (this.#roster.freePlaces > 0) {
      const call = this.#queue.take() as PendingCall | undefined;
      if (call === undefined) return;
      call.state = 'placing';
      if (this.limits.active && !this.limits.mayRun(call)) this.#hold(call);
      else if (!this.#give(call, now)) return this.#putBack(call);
    }
  }

  #dispatchBound(now: number): void {
    for (const record of [...this.#roster.ready]) {
      while (record.state.kind === 'ready' && record.bound.size > 0 && hasFreePlace(record)) {
        const call = record.nextBound()!;
        this.#bound -= 1;
        if (this.limits.active && !this.limits.mayRun(call)) this.#hold(call);
        else this.#runs.run(record, call, now);
      }
    }
  }

  /** @returns false where the strategy lets nobody on */
  #dispatchHeld(now: number): boolean {
    while (this.#roster.freePlaces > 0) {
      const call = this.limits.take();
      if (call === undefined) return true;
      call.state = 'placing';
      // Its turn came long ago, and the discipline may think otherwise by now.
      if (!this.#queue.mayStart(call)) this.#putBack(call);
      else if (!this.#give(call, now)) {
        this.#hold(call, true);
        return false;
      }
    }
    return true;
  }

  /** Run a call that is in no queue, or bind it. @returns false where the strategy says neither */
  #give(call: PendingCall, now: number): boolean {
    let choice: WorkerRecord | null;
    try {
      choice = this.#choose(call);
    } catch (error) {
      this.#refuse(call, error);
      return true;
    }
    if (choice === null) return false;
    if (hasFreePlace(choice)) this.#runs.run(choice, call, now);
    else this.#bind(choice, call);
    return true;
  }

  /** A strategy threw. */
  #refuse(call: PendingCall, thrown: unknown): void {
    this.#bytes?.left(call);
    this.#owner.onRefused(call, asPypoolError(thrown, 'A strategy'));
  }

  #hold(call: PendingCall, first?: boolean): void {
    this.limits.hold(call, first);
    call.state = 'held';
  }

  #choose(call: PendingCall): WorkerRecord | null {
    // To whom any worker will do, none will where no place is free.
    if (this.#roster.freePlaces === 0 && this.#selection.sendsAhead === true) return null;
    const choice = this.#selection.select(call, this.#choices()) as WorkerRecord | null;
    if (choice !== null && choice.state?.kind !== 'ready') {
      throw new TypeError(
        `selection "${this.#selection.name}" chose something that is not one of the ready workers`,
      );
    }
    return choice;
  }

  /** Where any worker will do and one place alone is free, nobody has to look for it among hundreds: that is what a busy pool does with every call. */
  #choices(): readonly WorkerRecord[] {
    const only = this.#selection.sendsAhead === true ? this.#roster.onlyFree : undefined;
    if (only === undefined) return this.#roster.ready;
    this.#only[0] = only;
    return this.#only;
  }

  #bind(record: WorkerRecord, call: PendingCall): void {
    record.bound.push(call);
    this.#bound += 1;
    call.state = 'bound';
  }

  #putBack(call: PendingCall): void {
    this.#queue.putBack(call);
    call.state = 'waiting';
  }
}
