/** A unit at the end of a name: what people leave off, or write in another way. */
const UNIT =
  /(?:_?(?:ms|millis|milliseconds|secs?|seconds|bytes?|mb)|(?<=[a-z])(?:Ms|Millis|Milliseconds|Secs?|Seconds|Bytes?|M[bB]))$/;

/**
 * The one of `names` that `name` was probably meant to be: written in another case or with another unit, a part of it, or a slip or two away.
 *
 * @param otherNames what some of `names` are called elsewhere; to be known by these takes no slip
 */
export function nearest(
  name: string,
  names: readonly string[],
  otherNames: Readonly<Record<string, string>> = {},
): string | undefined {
  const wanted = coreOf(name);
  const [, alias] = Object.entries(otherNames).find(([other]) => coreOf(other) === wanted) ?? [];
  let best: string | undefined;
  let least = Math.ceil(wanted.length / 3) + 1;
  for (const candidate of names) {
    const slips = distance(wanted, coreOf(candidate));
    if (slips < least) [best, least] = [candidate, slips];
  }
  return least > 0 && alias !== undefined && names.includes(alias) ? alias : best;
}

/** What is left of a name in whatever spelling: `startTimeoutMs`, `start_timeout` and `start-timeout-seconds` are one. */
function coreOf(name: string): string {
  const core = name
    .replace(UNIT, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
  return core === '' ? name.toLowerCase() : core;
}

/** How far apart two names are: that one begins or ends with the other counts little, however long the rest is. */
function distance(left: string, right: string): number {
  const [short, long] = left.length < right.length ? [left, right] : [right, left];
  if (short.length >= 3 && short !== long && left === short && long.startsWith(short)) return 1;
  if (short.length >= 4 && short !== long && (long.endsWith(short) || long.startsWith(short))) return 2;
  return slipsBetween(left, right);
}

/** Levenshtein's: how many letters have to be added, dropped or replaced. */
function slipsBetween(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const replaced = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}
