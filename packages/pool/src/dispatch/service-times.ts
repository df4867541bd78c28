/** The share of the newest call in the mean: some dozens of calls make a function fast again that was slow once. */
const WEIGHT = 1 / 16;

/**
 * What is expected of a call of which nothing is known: more than anything that is sent ahead may take. Not `Infinity`, since sums of it have to come
 * down again.
 */
export const UNKNOWN_US = 1e9;

/**
 * How long calls of each function take, from their start to their reply, as a mean that forgets. In whole microseconds: sums of them stay exact, however
 * often one is added and taken away.
 */
export class ServiceTimes {
  /** Objects, so that a call changes a field and not the map. */
  readonly #means = new Map<string, { us: number }>();

  /** What a call will probably take. */
  expectedUs(name: string): number {
    const mean = this.#means.get(name);
    return mean === undefined ? UNKNOWN_US : Math.ceil(mean.us);
  }

  /** A call took so long. Only functions that there are may be named: each is kept. */
  took(name: string, ms: number): void {
    // One that took a moment that no clock shows still took some.
    const us = Math.min(UNKNOWN_US, Math.max(1, ms * 1000));
    const mean = this.#means.get(name);
    if (mean === undefined) this.#means.set(name, { us });
    else mean.us += (us - mean.us) * WEIGHT;
  }
}
