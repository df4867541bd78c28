import type { RunningSubject, Subject } from './subject.js';

/** One part of the code by itself: `use` does what it does so often, one after the other. */
export function part(name: string, make: () => (count: number) => void): Subject {
  return {
    name,
    start(): Promise<RunningSubject> {
      const use = make();
      return Promise.resolve({
        // What one takes is too short to be timed.
        calls(count) {
          const before = performance.now();
          use(count);
          return Promise.resolve([((performance.now() - before) * 1000) / count]);
        },
        close: () => Promise.resolve(),
      });
    },
  };
}
