import { createError } from '../errors/create-error.js';

/** The version of the wire that this package speaks. */
export const PROTOCOL_VERSION = 1;

/** Lowest and highest version. */
export type VersionRange = readonly [number, number];

/**
 * Choose the version to speak: the highest that both ranges hold.
 *
 * @throws CommunicationError `protocol` naming both ranges, where they share none.
 */
export function negotiate(ours: VersionRange, theirs: VersionRange): number {
  const version = Math.min(ours[1], theirs[1]);
  if (version >= Math.max(ours[0], theirs[0])) return version;
  throw createError({
    code: 'protocol',
    message: `No common version of the wire: this side speaks ${print(ours)}, the Python runtime ${print(theirs)}. Update the older one.`,
    context: { ours: [...ours], theirs: [...theirs] },
  });
}

function print([lowest, highest]: VersionRange): string {
  return lowest === highest ? `version ${lowest}` : `versions ${lowest} to ${highest}`;
}
