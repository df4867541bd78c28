import type { Clock, ClockTimer } from '../clock/clock.js';
import type { PendingCall } from './pending-call.js';

/** Entries below this number are not worth tidying up. */
const TIDY_FROM = 64;

/**
 * One timer for the waits and deadlines of all calls: a heap of moments, earliest first.
 *
 * A call that settles leaves its entry behind, since nearly all settle long before their time; entries of settled calls are dropped when they
 * come up, or all at once when they are the greater part. So adding and settling cost the same however many calls there are. A
 * call whose time has come is judged only after the event loop has read what has arrived: a timer that fires late because the loop was
 * blocked must not beat an answer that is there already.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #judge: (call: PendingCall, now: number) => void;
  #moments: number[] = [];
  #calls: PendingCall[] = [];
  /** Entries whose call is settled. */
  #stale = 0;
  #timer: ClockTimer | undefined;
  #timerAt = Infinity;

  /** @param judge called for each call whose `dueAt` has come; afterwards it lies in the future, or the call is settled */
  constructor(clock: Clock, judge: (call: PendingCall, now: number) => void) {
    this.#clock = clock;
    this.#judge = judge;
  }

  /** Entries, those of settled calls included. */
  get size(): number {
    return this.#moments.length;
  }

  /** Watch a call's `dueAt`. To be called again when it moves forward in time; not when it moves back. */
  add(call: PendingCall, now: number): void {
    const dueAt = call.dueAt;
    if (dueAt === Infinity) return;
    call.deadlineEntries += 1;
    this.#push(dueAt, call);
    if (dueAt < this.#timerAt) this.#arm(dueAt, now);
  }

  /** A call has settled: its entries are of no use any more. */
  settled(call: PendingCall): void {
    this.#stale += call.deadlineEntries;
    if (this.#stale >= TIDY_FROM && this.#stale * 2 > this.#moments.length) this.#tidy();
  }

  /** Nothing will be added any more. */
  stop(): void {
    this.#timer?.cancel();
  }

  #arm(at: number, now: number): void {
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(at - now, () => this.#clock.afterInput(() => this.#run()));
  }

  #run(): void {
    this.#timerAt = Infinity;
    const now = this.#clock.now();
    while (this.#moments.length > 0 && (this.#moments[0]! <= now || this.#calls[0]!.state === 'settled')) {
      const call = this.#pop();
      call.deadlineEntries -= 1;
      if (call.state === 'settled') {
        this.#stale -= 1;
        continue;
      }
      if (call.dueAt <= now) this.#judge(call, now);
      else this.add(call, now);
    }
    const next = this.#moments[0];
    if (next !== undefined && next < this.#timerAt) this.#arm(next, now);
  }

  #push(moment: number, call: PendingCall): void {
    const moments = this.#moments;
    const calls = this.#calls;
    let at = moments.length;
    moments.push(moment);
    calls.push(call);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (moments[parent]! <= moment) break;
      moments[at] = moments[parent]!;
      calls[at] = calls[parent]!;
      at = parent;
    }
    moments[at] = moment;
    calls[at] = call;
  }

  #pop(): PendingCall {
    const first = this.#calls[0]!;
    const moment = this.#moments.pop()!;
    const call = this.#calls.pop()!;
    if (this.#moments.length > 0) this.#sink(0, moment, call);
    return first;
  }

  #sink(at: number, moment: number, call: PendingCall): void {
    const moments = this.#moments;
    const calls = this.#calls;
    const { length } = moments;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && moments[child + 1]! < moments[child]!) child += 1;
      if (moments[child]! >= moment) break;
      moments[at] = moments[child]!;
      calls[at] = calls[child]!;
      at = child;
    }
    moments[at] = moment;
    calls[at] = call;
  }

  #tidy(): void {
    const moments: number[] = [];
    const calls: PendingCall[] = [];
    for (let at = 0; at < this.#calls.length; at += 1) {
      const call = this.#calls[at]!;
      if (call.state === 'settled') continue;
      moments.push(this.#moments[at]!);
      calls.push(call);
    }
    this.#moments = moments;
    this.#calls = calls;
    this.#stale = 0;
    for (let at = (moments.length >> 1) - 1; at >= 0; at -= 1) this.#sink(at, moments[at]!, calls[at]!);
  }
}
