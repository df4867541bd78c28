/** Something that must hold in a pool, and does not. */
export class Broken extends Error {}

/** Far cheaper than an assertion library, since it is asked dozens of times after each of millions of steps. @throws Broken */
export function hold(condition: boolean, what: string | (() => string)): void {
  if (!condition) throw new Broken(typeof what === 'string' ? what : what());
}

/** @throws Broken that says what both are */
export function same(found: unknown, wanted: unknown, what: string): void {
  if (found !== wanted) throw new Broken(`${what}: ${String(found)} instead of ${String(wanted)}`);
}
