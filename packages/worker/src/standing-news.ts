import type { WorkerEventHub, WorkerEvents } from './events.js';

/** The last event of a kind that mostly comes before anybody can listen: who is first to listen hears it. */
export class StandingNews<Name extends keyof WorkerEvents> {
  readonly #hub: WorkerEventHub;
  readonly #name: Name;
  #waiting: WorkerEvents[Name] | undefined;

  constructor(hub: WorkerEventHub, name: Name) {
    this.#hub = hub;
    this.#name = name;
  }

  add(event: WorkerEvents[Name]): void {
    this.#waiting = event;
    this.tell();
  }

  /** Tell what waits, if somebody listens by now. */
  tell(): void {
    if (this.#waiting === undefined || !this.#hub.heard(this.#name)) return;
    const event = this.#waiting;
    this.#waiting = undefined;
    this.#hub.emit(this.#name, event);
  }
}
