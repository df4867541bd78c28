import { throwLater } from '@pypool/protocol';

import type { PoolEventName, PoolEvents, PoolListener } from './events.js';

/**
 * Tells listeners. Whoever emits asks {@link Emitter.heard} first, so that no event object is made for nobody.
 *
 * A listener that throws disturbs neither the pool nor the other listeners: its error is thrown again from a microtask of its own, where it is an
 * uncaught exception of the application, never swallowed.
 */
export class Emitter {
  /** Replaced, never changed, so that listeners may come and go while others are told. */
  readonly #listeners = new Map<PoolEventName, readonly PoolListener<never>[]>();
  readonly #report: (error: unknown) => void;

  /** @param report gets what a listener threw; throws it from a microtask unless given */
  constructor(report: (error: unknown) => void = throwLater) {
    this.#report = report;
  }

  heard(name: PoolEventName): boolean {
    return this.#listeners.has(name);
  }

  emit<Name extends PoolEventName>(name: Name, event: PoolEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        (listener as PoolListener<Name>)(event);
      } catch (error) {
        this.#report(error);
      }
    }
  }

  /** Add a listener; one that is there already is not added again. */
  on<Name extends PoolEventName>(name: Name, listener: PoolListener<Name>): void {
    const listeners = this.#listeners.get(name) ?? [];
    if (!listeners.includes(listener)) {
      this.#listeners.set(name, [...listeners, listener]);
    }
  }

  off<Name extends PoolEventName>(name: Name, listener: PoolListener<Name>): void {
    const left = (this.#listeners.get(name) ?? []).filter(
      (other) => other !== (listener as PoolListener<never>),
    );
    if (left.length === 0) this.#listeners.delete(name);
    else this.#listeners.set(name, left);
  }
}
