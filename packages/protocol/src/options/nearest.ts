/** The one of `names` that `name` was probably meant to be: it is the beginning of it, or a slip or two away. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let least = Math.ceil(name.length / 3) + 1;
  for (const candidate of names) {
    const known = candidate.toLowerCase();
    const slips = wanted.length >= 3 && known.startsWith(wanted) ? 1 : distance(wanted, known);
    if (slips < least) [best, least] = [candidate, slips];
  }
  return best;
}

/** Levenshtein's: how many letters have to be added, dropped or replaced. */
function distance(left: string, right: string): number {
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
