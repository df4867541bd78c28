import type { SessionClock } from './clock.js';

/** A clock for tests: time stands still until it is advanced. */
export interface ManualSessionClock extends SessionClock {
  advance(ms: number): void;
  /** How many `every` run. */
  readonly timers: number;
}

/** A clock at `startMs`, with no timer running. */
export function manualClock(startMs = 1_000): ManualSessionClock {
  const timers = new Set<{ next: number; intervalMs: number; tick: () => void }>();
  let now = startMs;
  return {
    get timers() {
      return timers.size;
    },
    now: () => now,
    every(intervalMs, tick) {
      const timer = { next: now + intervalMs, intervalMs, tick };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      now += ms;
      for (const timer of timers) {
        while (timer.next <= now && timers.has(timer)) {
          timer.next += timer.intervalMs;
          timer.tick();
        }
      }
    },
  };
}
