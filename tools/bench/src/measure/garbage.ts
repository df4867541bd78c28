import { PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Adds up how long V8 stopped this process to collect garbage. */
export class GarbageWatch {
  #totalUs = 0;
  readonly #observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) this.#totalUs += entry.duration * 1000;
  });

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Microseconds since the last time this was asked. */
  async take(): Promise<number> {
    // Node hands entries out in a turn of their own, behind whatever is queued by now.
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
    const total = this.#totalUs;
    this.#totalUs = 0;
    return total;
  }
}

let collect: (() => unknown) | undefined = globalThis.gc;

/** Collect all garbage there is. */
export async function garbageCollected(): Promise<void> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => unknown;
  }
  // What finalizers let go of is collected in the next round, and they run in turns of their own.
  for (let round = 0; round < 3; round += 1) {
    collect();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
