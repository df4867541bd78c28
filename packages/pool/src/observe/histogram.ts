/** Parts of each doubling: a quantile is off by at most 1/32 of its value. */
const PARTS = 16;
/** From 1 us to 2^40 us, 12 days. */
const DOUBLINGS = 40;

/**
 * Durations counted in buckets that grow with them: one increment for each, a fixed 5 KiB, and quantiles good to 3 %.
 *
 * The scheme of HdrHistogram, with 4 bits kept of each value.
 */
export class Histogram {
  readonly #counts = new Float64Array(DOUBLINGS * PARTS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(durationMs: number): void {
    const micros = Math.max(1, durationMs * 1000);
    // Logarithm and power take their time, and nearly all durations fit 31 bits.
    const isShort = micros < 2 ** 31;
    const doubling = isShort
      ? 31 - Math.clz32(micros)
      : Math.min(DOUBLINGS - 1, Math.floor(Math.log2(micros)));
    const least = isShort ? 1 << doubling : 2 ** doubling;
    const part = Math.min(PARTS - 1, Math.floor((micros / least - 1) * PARTS));
    this.#counts[doubling * PARTS + part]! += 1;
    this.#total += 1;
  }

  /** The duration that a share (0 to 1) of all stays below; `undefined` where there is none yet. */
  quantileMs(share: number): number | undefined {
    if (this.#total === 0) return undefined;
    let left = Math.max(1, Math.ceil(this.#total * share));
    for (let at = 0; at < this.#counts.length; at += 1) {
      left -= this.#counts[at]!;
      if (left > 0) continue;
      const doubling = Math.floor(at / PARTS);
      const middle = (at % PARTS) + 0.5;
      return (2 ** doubling * (1 + middle / PARTS)) / 1000;
    }
    return undefined;
  }
}
