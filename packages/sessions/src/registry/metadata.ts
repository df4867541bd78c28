import { createError, isPlainObject, shown } from '@pypool/protocol';

import type { SessionMetadata } from './session.js';

/** What a session has before anybody says more about it. */
export const NO_METADATA: SessionMetadata = Object.freeze({});

/**
 * Metadata after `added` is said about a session that has `current`: key by key the later value wins, a key set to `undefined` is
 * removed, all others stay. Nested values are replaced, never merged.
 */
export function mergeMetadata(current: SessionMetadata, added: SessionMetadata | undefined): SessionMetadata {
  if (added === undefined) return current;
  // Spread defines properties, where assignment in a loop would let a key `__proto__` set the prototype.
  const merged: Record<string, unknown> = { ...current, ...added };
  for (const key of Object.keys(merged)) {
    if (merged[key] === undefined) delete merged[key];
  }
  return Object.freeze(merged);
}

/** @throws UsageError `invalid-arguments` for anything but a plain object. */
export function assertMetadata(value: unknown): asserts value is SessionMetadata | undefined {
  if (value === undefined || isPlainObject(value)) return;
  throw createError({
    code: 'invalid-arguments',
    message: `The metadata of a session must be a plain object of JSON values, got ${shown(value)}.`,
    context: { argument: 'metadata' },
  });
}

/** @throws UsageError `invalid-arguments` for anything but a non-empty string. */
export function assertSessionId(value: unknown): asserts value is string {
  if (typeof value === 'string' && value !== '') return;
  throw createError({
    code: 'invalid-arguments',
    message: `The id of a session must be a string that is not empty, got ${shown(value)}.`,
    context: { argument: 'id' },
  });
}
