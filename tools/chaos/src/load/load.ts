import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '../random.js';

/** A caller that was refused tries again after this; at once, it would only count refusals. */
const REFUSED_MS = 5;

/** How a {@link Load} is made. */
export interface LoadOptions {
  readonly seed: number;
  /** Callers that make one call after another, each as soon as the last was answered. */
  readonly patient: { readonly callers: number; readonly one: (random: Random) => Promise<boolean> };
  /** Callers that rest for up to so long between two calls: each of theirs may cost a worker. */
  readonly impatient?: {
    readonly callers: number;
    readonly restMs: number;
    readonly one: (random: Random) => Promise<void>;
  };
}

/** Callers, from now until they are told to stop. */
export class Load {
  readonly #callers: Promise<void>[] = [];
  #stopped = false;

  constructor({ seed, patient, impatient }: LoadOptions) {
    for (let n = 0; n < patient.callers; n += 1) {
      this.#callers.push(this.#call(patient.one, Random.of(seed, n)));
    }
    for (let n = 0; n < (impatient?.callers ?? 0); n += 1) {
      this.#callers.push(this.#callAndRest(impatient!, Random.of(seed, 1_000 + n)));
    }
  }

  /** Make no further calls. Resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
  }

  async #call(one: (random: Random) => Promise<boolean>, random: Random): Promise<void> {
    while (!this.#stopped) if (!(await one(random))) await wait(REFUSED_MS);
  }

  async #callAndRest({ one, restMs }: NonNullable<LoadOptions['impatient']>, random: Random): Promise<void> {
    while (!this.#stopped) {
      await one(random);
      await wait(random.between(0, restMs));
    }
  }
}
