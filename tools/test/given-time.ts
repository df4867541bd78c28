/** What a machine may be slower than a quiet one, from one attempt to the next. */
const FACTORS = [1, 4];
const LAST_FACTOR = 16;

/**
 * For a limit that has to run out for one thing and must not before another: for what hangs in an import, say, which has to be reached first.
 *
 * No such limit is right on every machine, and one that is long enough for the slowest is waited out on all of them. So it starts with what a quiet machine
 * needs, and tries again with more where that was too little. What the last attempt came to is judged as it is.
 *
 * @param firstMs - the limit of the first attempt. Unit: milliseconds.
 * @param attempt - does it all anew, with this limit, and leaves nothing behind
 * @param wasEnough - whether what has to come first came first
 */
export async function givenTime<T>(
  firstMs: number,
  attempt: (limitMs: number) => Promise<T>,
  wasEnough: (result: T) => boolean,
): Promise<T> {
  for (const factor of FACTORS) {
    const result = await attempt(firstMs * factor);
    if (wasEnough(result)) return result;
  }
  return attempt(firstMs * LAST_FACTOR);
}
