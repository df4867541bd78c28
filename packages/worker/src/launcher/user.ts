import type { ProcessUser } from './contract.js';

/** A user and group for people: `"user 1000, group 1000"`. */
export function userInWords({ uid, gid }: ProcessUser): string {
  const parts = [uid === undefined ? [] : `user ${uid}`, gid === undefined ? [] : `group ${gid}`];
  return parts.flat().join(', ');
}
