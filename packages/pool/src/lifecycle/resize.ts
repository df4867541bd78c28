import { createError } from '@pypool/protocol';

import type { WorkerState } from '../worker/worker-record.js';

/**
 * Check what `resize()` was given.
 *
 * @throws UsageError `invalid-options`
 */
export function checkSize(size: unknown, overflow: number): void {
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    throw invalidSize(`${String(size)} is no whole number from 0 up`, size, overflow);
  }
  if (size === 0 && overflow === 0) {
    throw invalidSize('size 0 and overflow 0 leave room for no worker', size, overflow);
  }
}

function invalidSize(what: string, size: unknown, overflow: number): Error {
  return createError({
    code: 'invalid-options',
    message: `The pool cannot be resized: ${what}.`,
    context: { size: typeof size === 'number' ? size : String(size), overflow },
  });
}

/** What is seen of a worker where there may be too many. */
export interface CountedWorker {
  readonly state: WorkerState;
  readonly slot: number;
  readonly number: number;
  readonly inFlight: number;
}

/** Whoever is too many, most dispensable first: the youngest of those that start, then idle ones, then busy ones, the highest slots first. */
export function surplus<Worker extends CountedWorker>(workers: Iterable<Worker>, tooMany: number): Worker[] {
  const counted = [...workers].filter(({ state: { kind } }) => kind === 'starting' || kind === 'ready');
  const cost = ({ state, inFlight }: Worker) => (state.kind === 'starting' ? 0 : inFlight === 0 ? 1 : 2);
  const order = (one: Worker) => (one.state.kind === 'starting' ? one.number : one.slot);
  return counted.sort((a, b) => cost(a) - cost(b) || order(b) - order(a)).slice(0, tooMany);
}
