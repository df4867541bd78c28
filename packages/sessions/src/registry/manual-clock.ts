import type { SessionClock } from './options.js';

/** A clock for tests: time stands still until it is advanced. */
export interface ManualClock extends SessionClock {
  advance(ms: number): void;
  /** How many timers are armed. */
  readonly timers: number;
}

/** A clock that says `epochMs` to people, with no timer armed. */
export function manualClock(epochMs = 1_000): ManualClock {
  const timers = new Set<{ due: number; run: () => void }>();
  let now = 0;
  return {
    get timers() {
      return timers.size;
    },
    now: () => now,
    epochMs: () => epochMs + now,
    after(delayMs, run) {
      const timer = { due: now + delayMs, run };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = [...timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
        if (next === undefined) break;
        now = next.due;
        timers.delete(next);
        next.run();
      }
      now = end;
    },
  };
}
