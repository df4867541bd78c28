import type { Pinning } from '../machine/pinning.js';
import type { RunningSubject, Subject } from '../subjects/subject.js';
import { mean, percentile } from './statistics.js';

/** How long to measure. */
export interface Plan {
  readonly rounds: number;
  /** Calls that each subject makes before anything is counted, so that V8 has compiled what it is going to. */
  readonly warmUpCalls: number;
  /** Blocks of calls that each subject gets in a round. */
  readonly blocks: number;
  readonly callsPerBlock: number;
  /**
   * What stands for a round: the median of its values, which leaves out what is rare, or their mean, which counts it.
   *
   * @defaultValue `'median'`
   */
  readonly figure?: 'median' | 'mean';
}

/** What each subject's calls cost, by its name: for each round, the figure that stands for it, in microseconds for one call. */
export type Medians = ReadonlyMap<string, readonly number[]>;

/** The same, and what one call in a hundred takes longer than. */
export interface Measured extends Medians {
  readonly p99: Medians;
}

/** Subjects that are up, side by side, for as long as it takes to measure them. */
export interface Lineup extends AsyncDisposable {
  /**
   * Measure all of them in one run. They alternate in short blocks, in an order drawn anew each time, so that whatever the machine
   * does meanwhile, and whatever one subject leaves in the caches, falls on all alike.
   */
  measure(plan: Plan, signal: AbortSignal): Promise<Measured>;
}

/** Start the subjects one after the other. Where one fails, those already up are closed. */
export async function startAll(subjects: readonly Subject[], pinning: Pinning): Promise<Lineup> {
  const running = new Map<string, RunningSubject>();
  const closeAll = async (): Promise<void> => {
    await Promise.allSettled(Array.from(running.values(), (subject) => subject.close()));
    running.clear();
  };
  try {
    for (const subject of subjects) {
      const started = await pinning.around(
        () => subject.start(),
        ({ drivers }) => drivers ?? [],
      );
      running.set(subject.name, started);
    }
  } catch (error) {
    await closeAll();
    throw error;
  }
  return {
    [Symbol.asyncDispose]: closeAll,
    async measure({ rounds, warmUpCalls, blocks, callsPerBlock, figure = 'median' }, signal) {
      const forEach = (): Map<string, number[]> => new Map(Array.from(running.keys(), (name) => [name, []]));
      const medians = forEach();
      const p99 = forEach();
      for (let made = 0; made < warmUpCalls; made += callsPerBlock) {
        for (const subject of running.values()) {
          signal.throwIfAborted();
          await subject.calls(callsPerBlock);
        }
      }
      for (let round = 0; round < rounds; round += 1) {
        const times = forEach();
        for (let block = 0; block < blocks; block += 1) {
          for (const [name, subject] of shuffled([...running])) {
            signal.throwIfAborted();
            times.get(name)!.push(...(await subject.calls(callsPerBlock)));
          }
        }
        for (const [name, values] of times) {
          medians.get(name)!.push(figure === 'mean' ? mean(values) : percentile(values, 0.5));
          p99.get(name)!.push(percentile(values, 0.99));
        }
      }
      return Object.assign(medians, { p99 });
    },
  };
}

function shuffled<T>(items: T[]): T[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
