import type { WorkerEventHub, WorkerEvents } from './events.js';

/**
 * What runtimes suggest. Every worker of a pool would say the same, mostly before anybody can listen: it is told once, to the first that listen.
 */
export class Advice {
  readonly #hub: WorkerEventHub;
  #waiting: WorkerEvents['suggestion'] | undefined;
  #told = false;

  constructor(hub: WorkerEventHub) {
    this.#hub = hub;
  }

  /** A worker has advice. */
  add(suggestion: WorkerEvents['suggestion']): void {
    this.#waiting ??= suggestion;
    this.tell();
  }

  /** Tell what waits, if somebody listens by now. */
  tell(): void {
    if (this.#told || this.#waiting === undefined || !this.#hub.heard('suggestion')) return;
    this.#told = true;
    this.#hub.emit('suggestion', this.#waiting);
  }
}
