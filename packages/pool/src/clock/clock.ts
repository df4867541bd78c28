/** A timer that was armed. */
export interface ClockTimer {
  /** Disarm it; harmless when it has fired. */
  cancel(): void;
}

/** What a pool needs of time. Tests pass one that they move by hand. */
export interface Clock {
  /** Milliseconds from some fixed point, never going back: for every length of time. */
  now(): number;
  /** Milliseconds since the Unix epoch: for what people and other machines read. */
  epochMs(): number;
  /** Call `run` once, after at least `delayMs` (`Infinity`: never). Does not keep the process alive. */
  after(delayMs: number, run: () => void): ClockTimer;
  /** Call `run` once the event loop has read what has arrived by now. Keeps the process alive until then. */
  afterInput(run: () => void): void;
  /** A hold on the process, released at first. */
  hold(): ClockHold;
}

/** Keeps the process alive while it is taken. */
export interface ClockHold {
  take(): void;
  release(): void;
}
