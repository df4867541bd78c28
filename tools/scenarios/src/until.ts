import { setTimeout as delay } from 'node:timers/promises';

/**
 * Wait until something that no event announces is so, for example that `/proc` no longer shows a process.
 *
 * @param limitMs - generous: it only bounds a test that would fail anyway. Unit: milliseconds.
 * @throws Error that names `what` when the limit has passed.
 */
export async function until(what: string, holds: () => boolean, limitMs = 30_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await delay(5);
  }
}
