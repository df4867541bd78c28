import type { Clock, ClockTimer } from '../clock/clock.js';

/** How a pool is closed. */
export interface CloseOptions {
  /** End running calls and refuse waiting ones at once. @defaultValue `false` */
  readonly force?: boolean;
  /**
   * How long running and waiting calls may go on before they are ended. 0: like `force`. `Infinity`: as long as they take.
   *
   * @defaultValue the pool's `closeTimeoutMs`
   */
  readonly timeoutMs?: number;
}

/**
 * Where a pool stands: `open`; `closing`, it refuses calls and finishes those it has; `forced`, it ends those it has; `stopping`, no call is left and
 * its workers leave; `closed`. It moves down that list only, past what it does not need.
 */
export type PoolState = 'open' | 'closing' | 'forced' | 'stopping' | 'closed';

/** What {@link Closing} has done for it. */
export interface ClosingOwner {
  /** End running calls, refuse waiting ones, give up starts. @param limitMs the limit that ran out; `undefined` where it was asked for */
  onForce(limitMs: number | undefined): void;
  /** No call is left: let the workers go, within so long. */
  onStop(timeoutMs: number): void;
  /** Every worker is gone. */
  onClose(): Promise<void>;
}

/** The way of a pool from open to closed, walked once however often it is asked to. */
export class Closing {
  readonly #clock: Clock;
  readonly #owner: ClosingOwner;
  #state: PoolState = 'open';
  #endsAt = Infinity;
  /** The limit that ran out, where it ended what was left; `undefined` where that was asked for. */
  forcedAfterMs: number | undefined;
  #timer: ClockTimer | undefined;
  #promise: Promise<void> | undefined;
  #resolve!: (closed: Promise<void>) => void;

  constructor(clock: Clock, owner: ClosingOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  get state(): PoolState {
    return this.#state;
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  /** Whether `close()` has been called and has not come to its end. */
  get pending(): boolean {
    return this.#state !== 'open' && this.#state !== 'closed';
  }

  /** Begin, or join what has begun; `force` and a shorter limit hold for all who wait. */
  begin(force: boolean, timeoutMs: number): Promise<void> {
    this.#promise ??= new Promise((resolve) => (this.#resolve = resolve));
    if (this.#state === 'open') this.#state = 'closing';
    if (force || timeoutMs === 0) this.#force(undefined);
    else this.#limit(timeoutMs);
    return this.#promise;
  }

  /** Go on as far as possible. @param callsOpen calls that run or wait @param workersLeft not yet reaped */
  advance(callsOpen: number, workersLeft: number): void {
    if ((this.#state === 'closing' || this.#state === 'forced') && callsOpen === 0) {
      this.#state = 'stopping';
      this.#owner.onStop(Math.max(0, this.#endsAt - this.#clock.now()));
      return; // How many workers are left has to be counted anew: the owner sees to that.
    }
    if (this.#state !== 'stopping' || workersLeft > 0) return;
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#resolve(this.#owner.onClose());
  }

  #limit(timeoutMs: number): void {
    const endsAt = this.#clock.now() + timeoutMs;
    if (!this.pending || endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(timeoutMs, () => this.#force(timeoutMs));
  }

  #force(limitMs: number | undefined): void {
    if (!this.pending || this.#state === 'forced') return;
    this.#endsAt = this.#clock.now();
    if (this.#state === 'closing') this.#state = 'forced';
    this.forcedAfterMs = limitMs;
    this.#owner.onForce(limitMs);
  }
}
