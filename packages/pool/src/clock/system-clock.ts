import type { Clock, ClockHold, ClockTimer } from './clock.js';

/** Node fires timers with a longer delay at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  after(delayMs, run) {
    return delayMs === Infinity ? NEVER : new SystemTimer(delayMs, run);
  },
  afterInput(run) {
    setImmediate(run);
  },
  hold: () => new SystemHold(),
};

const NEVER: ClockTimer = { cancel() {} };

class SystemTimer implements ClockTimer {
  readonly #run: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(delayMs: number, run: () => void) {
    this.#run = run;
    this.#arm(delayMs);
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }

  /** Delays beyond Node's limit are waited for in parts. */
  #arm(delayMs: number): void {
    const part = Math.min(Math.max(delayMs, 0), LONGEST_TIMER_MS);
    // Rounded up: a timer that fires a fraction early finds nothing due and has to be armed again.
    this.#timer = setTimeout(
      () => (delayMs > part ? this.#arm(delayMs - part) : this.#run()),
      Math.ceil(part),
    );
    this.#timer.unref();
  }
}

/** One timer that never matters, made at first need: `ref` and `unref` cost nanoseconds, making timers does not. */
class SystemHold implements ClockHold {
  #timer: NodeJS.Timeout | undefined;

  take(): void {
    this.#timer ??= setInterval(() => {}, LONGEST_TIMER_MS);
    this.#timer.ref();
  }

  release(): void {
    this.#timer?.unref();
  }
}
