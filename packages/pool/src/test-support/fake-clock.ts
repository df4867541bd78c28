import type { Clock, ClockHold, ClockTimer } from '../clock/clock.js';

/** A clock that moves when told to. Input that has "arrived" is given with {@link FakeClock.arrive}. */
export class FakeClock implements Clock {
  #now = 1_000;
  readonly #epoch = 1_700_000_000_000;
  readonly #timers = new Set<{ at: number; run: () => void }>();
  #inputs: (() => void)[] = [];
  #afterInput: (() => void)[] = [];
  /** Holds that are taken. */
  holds = 0;
  /** Timers ever armed. */
  armed = 0;

  now(): number {
    return this.#now;
  }

  epochMs(): number {
    return this.#epoch + this.#now;
  }

  get timers(): number {
    return this.#timers.size;
  }

  after(delayMs: number, run: () => void): ClockTimer {
    this.armed += 1;
    const timer = { at: this.#now + Math.max(0, delayMs), run };
    if (delayMs !== Infinity) this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  afterInput(run: () => void): void {
    this.#afterInput.push(run);
  }

  hold(): ClockHold {
    let taken = false;
    return {
      take: () => {
        if (!taken) this.holds += 1;
        taken = true;
      },
      release: () => {
        if (taken) this.holds -= 1;
        taken = false;
      },
    };
  }

  /** Something that the event loop reads at its next chance: after timers, before what waits for input. */
  arrive(input: () => void): void {
    this.#inputs.push(input);
  }

  /** Let time pass, timer by timer, promises settling in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await flush();
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.run();
      await this.#turn();
    }
    this.#now = until;
    await this.#turn();
  }

  /** The loop stands still for a while: all timers that came due fire late, and together. */
  async stall(ms: number): Promise<void> {
    this.#now += ms;
    // As Node does: in the order of their times.
    const due = [...this.#timers].filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at);
    for (const timer of due) {
      this.#timers.delete(timer);
      timer.run();
    }
    await this.#turn();
  }

  async #turn(): Promise<void> {
    await flush();
    for (const input of this.#inputs.splice(0)) input();
    await flush();
    for (const run of this.#afterInput.splice(0)) run();
    await flush();
  }
}

/** Let promises settle. */
export async function flush(): Promise<void> {
  for (let n = 0; n < 20; n += 1) await Promise.resolve();
}
