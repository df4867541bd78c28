import type { LaunchObserver } from '../launcher/contract.js';
import type { FoundHazard } from './fork-hazards.js';
import type { SharedImport } from './shared-import.js';

/** Where workers of one kind come from, and what is known about forking them. */
export class ImportHome {
  /** How often the pool had been reloaded. */
  readonly generation: number;
  /** Why they are not forked. */
  hazards: readonly FoundHazard[] | undefined;
  /** Who hears of what happens: the one who asked last. */
  observer: LaunchObserver | undefined;
  #current: SharedImport | undefined;

  constructor(generation: number) {
    this.generation = generation;
  }

  /** The import that workers are forked from; another one where that has failed. */
  current(start: () => SharedImport): SharedImport {
    this.#current ??= start();
    return this.#current;
  }

  /** It can be forked no more, or never could. */
  forget(failed: SharedImport): void {
    if (this.#current === failed) this.#current = undefined;
  }

  /** There is a newer one. */
  retire(): void {
    this.#current?.retire();
  }
}
