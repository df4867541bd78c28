import { createError, noSuchOption, type PypoolError } from '@pypool/protocol';
import type { LoneCloseOptions } from './lone-worker.js';

/** How long `close()` waits for open calls unless told otherwise. */
const CLOSE_MS = 10_000;

/**
 * How long a worker that is closed may take.
 *
 * @throws PypoolError `invalid-options`.
 */
export function closeTimeoutOf(options: LoneCloseOptions = {}): number {
  if (typeof options !== 'object' || options === null)
    throw wrong('Options of close(): they are an object, or left out.');
  const { timeoutMs = CLOSE_MS, ...unknown } = options;
  const [surplus] = Object.keys(unknown);
  if (surplus !== undefined)
    throw wrong(`Option ${surplus} of close(): ${noSuchOption(surplus, ['timeoutMs'])}.`, surplus);
  if (!(typeof timeoutMs === 'number' && timeoutMs >= 0))
    throw wrong(
      `Option timeoutMs of close(): ${String(timeoutMs)} is not a number of milliseconds of at least 0.`,
      'timeoutMs',
    );
  return timeoutMs;
}

function wrong(message: string, option?: string): PypoolError {
  return createError({
    code: 'invalid-options',
    message,
    ...(option !== undefined && { context: { option } }),
  });
}
