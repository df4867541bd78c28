import type { ProgramDefinition, ProgramInfo } from './program.js';

/** A program of a session: all that any worker needs to run it, and what Python has said of it. */
export interface StoredProgram {
  readonly definition: ProgramDefinition;
  readonly info: ProgramInfo;
  readonly createdAt: number;
}

/** A program that Python was asked about. */
export interface AskedProgram {
  /** It was found right. */
  keep(program: StoredProgram): void;
  /** No answer will come any more. Idempotent. */
  end(): void;
}

/**
 * The programs of one session, by name, in the order in which they were made.
 *
 * Python answers in any order, and whoever asks twice means what they said last, also where that was a deletion: what was asked for before
 * it, and is answered after it, takes no place.
 */
export class Programs {
  readonly #kept = new Map<string, StoredProgram>();
  /** What may still take its place, in the order in which it was asked for. */
  readonly #asked = new Set<{ readonly name: string }>();

  get kept(): ReadonlyMap<string, StoredProgram> {
    return this.#kept;
  }

  /** Ask for one, now. */
  ask(name: string): AskedProgram {
    const asked = { name };
    this.#asked.add(asked);
    return {
      keep: (program) => {
        if (!this.#asked.has(asked)) return;
        this.#overtake(name, asked);
        this.#kept.set(name, program);
      },
      end: () => void this.#asked.delete(asked),
    };
  }

  /** Forget one. Whether there was one. */
  delete(name: string): boolean {
    this.#overtake(name);
    return this.#kept.delete(name);
  }

  /** From now on nothing of this name that was asked for so far takes a place; or nothing up to `last`, itself included. */
  #overtake(name: string, last?: object): void {
    for (const asked of this.#asked) {
      if (asked.name === name) this.#asked.delete(asked);
      if (asked === last) return;
    }
  }
}
