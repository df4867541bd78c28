import { codeOf } from './dspy-error.js';
import type { Usage } from './program.js';

/** What programs have come to with one model, since the start or the last reset. */
export interface ModelCounts {
  readonly executions: number;
  /** By code. Programs that were left or aborted are `aborted`. */
  readonly failures: Readonly<Record<string, number>>;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

interface Counts {
  executions: number;
  failures: Record<string, number>;
  inputTokens: number;
  outputTokens: number;
}

/** Counts what programs do, by model: here, since workers come and go. */
export class Counters {
  readonly #models = new Map<string, Counts>();

  /** A program was run to its end. */
  done(model: string, usage: Usage): void {
    const counts = this.#of(model);
    counts.executions += 1;
    counts.inputTokens += usage.inputTokens;
    counts.outputTokens += usage.outputTokens;
  }

  /** A program was not run to its end. */
  failed(model: string, error: unknown): void {
    this.#add(model, codeOf(error));
  }

  /** Whoever had a streamed program has left it. */
  left(model: string): void {
    this.#add(model, 'aborted');
  }

  /** All of it, by model. */
  read(): Record<string, ModelCounts> {
    return structuredClone(Object.fromEntries(this.#models));
  }

  /** Begin anew. */
  reset(): void {
    this.#models.clear();
  }

  #add(model: string, code: string): void {
    const counts = this.#of(model);
    counts.executions += 1;
    counts.failures[code] = (counts.failures[code] ?? 0) + 1;
  }

  #of(model: string): Counts {
    let counts = this.#models.get(model);
    if (counts === undefined) {
      counts = { executions: 0, failures: {}, inputTokens: 0, outputTokens: 0 };
      this.#models.set(model, counts);
    }
    return counts;
  }
}
