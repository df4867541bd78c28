import { BrokenSequence, runSequence } from './sequence.js';

/** Which sequences, and how many: each has the seed after the one before. */
export interface Sequences {
  readonly seed: number;
  readonly count: number;
  /** Told after each, with how many are done; false ends it. */
  readonly onDone?: (done: number) => boolean;
}

/**
 * Run sequences until one breaks.
 *
 * @returns how many were run to their end, and the one that broke
 */
export async function runSequences({
  seed,
  count,
  onDone = () => true,
}: Sequences): Promise<{ readonly done: number; readonly broken: BrokenSequence | undefined }> {
  const traces = Error.stackTraceLimit;
  // The traces of all the errors that callers are meant to get would cost more than all else.
  Error.stackTraceLimit = 0;
  try {
    for (let done = 0; done < count; done += 1) {
      try {
        await runSequence(seed + done);
      } catch (error) {
        if (error instanceof BrokenSequence) return { done, broken: error };
        throw error;
      }
      if (!onDone(done + 1)) return { done: done + 1, broken: undefined };
    }
    return { done: count, broken: undefined };
  } finally {
    Error.stackTraceLimit = traces;
  }
}
