import { createError, nearest, type ExposedFunction } from '@pypool/protocol';
import type { PythonWorkers } from '@pypool/worker';
import { bindArguments, type ArgumentBinder } from './bind-arguments.js';

/** A function that is served, ready to be called over HTTP. */
export interface ServedFunction {
  readonly told: ExposedFunction;
  readonly arguments: ArgumentBinder;
}

/**
 * What the workers serve: learnt from each as it becomes ready, so that after a reload the newest holds.
 *
 * It wraps the factory that the pool takes its workers from, which is all that it takes to know them.
 */
export class Catalogue {
  #functions: ReadonlyMap<string, ServedFunction> = new Map();
  #told = '';
  readonly #listeners = new Set<() => void>();

  /** By name. Empty before the first worker was ready. */
  get functions(): ReadonlyMap<string, ServedFunction> {
    return this.#functions;
  }

  /** Whether any worker was ready yet. */
  get known(): boolean {
    return this.#told !== '';
  }

  /**
   * The function of a name.
   *
   * @throws PypoolError `unknown-function`
   */
  get(name: string): ServedFunction {
    const found = this.#functions.get(name);
    if (found !== undefined) return found;
    const meant = nearest(name, [...this.#functions.keys()]);
    throw createError({
      code: 'unknown-function',
      message: `There is no function ${JSON.stringify(name)}${meant === undefined ? '' : `: did you mean ${meant}?`}`,
      context: { name, suggestions: meant === undefined ? [] : [meant] },
    });
  }

  /** Told after it has changed. @returns ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The same workers, which this learns from. */
  watching(workers: PythonWorkers): Pick<PythonWorkers, 'start' | 'close' | 'concurrency'> {
    return {
      concurrency: workers.concurrency,
      start: async (request, observer, signal) => {
        const worker = await workers.start(request, observer, signal);
        try {
          this.#learn(worker.functions);
        } catch (error) {
          // To the pool this start has failed: nobody else would end the worker, which is up.
          await worker.kill();
          throw error;
        }
        return worker;
      },
      close: () => workers.close(),
    };
  }

  #learn(functions: readonly ExposedFunction[]): void {
    const told = JSON.stringify(functions);
    if (told === this.#told) return;
    const sorted = [...functions].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#functions = new Map(
      sorted.map((each) => [each.name, { told: each, arguments: bindArguments(each) }]),
    );
    this.#told = told;
    for (const listener of this.#listeners) listener();
  }
}
