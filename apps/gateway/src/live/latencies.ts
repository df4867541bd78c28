/** Each bucket is so much wider than the one before: that is how exact a quantile is. */
const RATIO = 1.05;
const LEAST_MS = 0.01;
const BUCKETS = 480; // up to two days

/** How long calls took, in buckets: a fixed size for any number of calls. */
export class Latencies {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;

  add(ms: number): void {
    const at = Math.ceil(Math.log(Math.max(ms, LEAST_MS) / LEAST_MS) / Math.log(RATIO));
    this.#counts[Math.min(at, BUCKETS - 1)]! += 1;
    this.#count += 1;
  }

  /** Such that the share `q` of all took no longer; `null` where there are none. */
  quantileMs(q: number): number | null {
    if (this.#count === 0) return null;
    let left = Math.ceil(q * this.#count);
    const at = this.#counts.findIndex((count) => (left -= count) <= 0);
    return LEAST_MS * RATIO ** at;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
  }
}
