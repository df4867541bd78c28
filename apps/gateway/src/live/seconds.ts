import { Latencies } from './latencies.js';
import type { LiveSample } from './messages.js';

/** How long samples are kept. */
const KEPT_SECONDS = 300;

/** What a pool holds at one moment. */
export interface Load {
  readonly queued: number;
  readonly running: number;
}

/**
 * A pool second by second, from what its calls tell as they end.
 *
 * It has no timer: a second is finished by the first thing that happens in a later one, and one in which nothing happened leaves no sample unless
 * somebody looks.
 */
export class Seconds {
  readonly #samples: LiveSample[] = [];
  readonly #latencies = new Latencies();
  #second: number;
  #calls = 0;
  #failures = 0;

  /** @param now milliseconds since the Unix epoch, as everywhere here */
  constructor(now: number) {
    this.#second = secondOf(now);
  }

  /** A call has ended. */
  ended(now: number, totalMs: number, failed: boolean): void {
    this.#finish(secondOf(now));
    this.#calls += 1;
    if (failed) this.#failures += 1;
    this.#latencies.add(totalMs);
  }

  /** Finish the seconds before `now`, the last of which ended with this load. */
  look(now: number, { queued, running }: Load): void {
    const load = { queued, running };
    const second = secondOf(now);
    this.#finish(second);
    const last = second - 1;
    const at = this.#samples.findIndex(({ time }) => time === last * 1_000);
    if (at >= 0) this.#samples[at] = { ...this.#samples[at]!, ...load };
    else this.#keep({ time: last * 1_000, calls: 0, failures: 0, p50Ms: null, p99Ms: null, ...load });
  }

  /** The samples of seconds from `since` on, oldest first. */
  from(since: number): readonly LiveSample[] {
    return this.#samples.filter(({ time }) => time >= since);
  }

  #finish(second: number): void {
    if (second <= this.#second) return; // the clock may have been set back
    if (this.#calls > 0) {
      this.#keep({
        time: this.#second * 1_000,
        calls: this.#calls,
        failures: this.#failures,
        p50Ms: this.#latencies.quantileMs(0.5),
        p99Ms: this.#latencies.quantileMs(0.99),
        queued: null,
        running: null,
      });
      this.#calls = this.#failures = 0;
      this.#latencies.clear();
    }
    this.#second = second;
  }

  #keep(sample: LiveSample): void {
    this.#samples.push(sample);
    const oldest = sample.time - KEPT_SECONDS * 1_000;
    while (this.#samples[0]!.time <= oldest) this.#samples.shift();
  }
}

function secondOf(now: number): number {
  return Math.floor(now / 1_000);
}
