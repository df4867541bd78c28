/** What the registry needs of time. Tests pass one that they move by hand. */
export interface SessionClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Call `tick` again and again, `intervalMs` apart, until the returned function is called. Must not keep the process alive. */
  every(intervalMs: number, tick: () => void): () => void;
}

/** Longer delays make Node's timers fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of this machine. */
export const systemSessionClock: SessionClock = {
  now: () => Date.now(),
  every(intervalMs, tick) {
    const timer = setInterval(tick, Math.min(intervalMs, LONGEST_TIMER_MS));
    timer.unref();
    return () => clearInterval(timer);
  },
};
