import type { PendingCall } from './pending-call.js';

/**
 * Listens to callers' signals: once for each signal, however many calls share it, and no longer than one of them is open. So a signal of a whole service
 * collects no listeners, and leaving takes no search.
 */
export class AbortWatch {
  readonly #onAbort: (call: PendingCall, reason: unknown) => void;
  readonly #watched = new Map<AbortSignal, Watched>();

  constructor(onAbort: (call: PendingCall, reason: unknown) => void) {
    this.#onAbort = onAbort;
  }

  /** Signals listened to. */
  get size(): number {
    return this.#watched.size;
  }

  add(call: PendingCall, signal: AbortSignal): void {
    let watched = this.#watched.get(signal);
    if (watched === undefined) {
      watched = { calls: new Set(), listener: () => this.#abort(signal) };
      this.#watched.set(signal, watched);
      signal.addEventListener('abort', watched.listener);
    }
    watched.calls.add(call);
  }

  remove(call: PendingCall, signal: AbortSignal): void {
    const watched = this.#watched.get(signal);
    if (!watched?.calls.delete(call) || watched.calls.size > 0) return;
    this.#watched.delete(signal);
    signal.removeEventListener('abort', watched.listener);
  }

  #abort(signal: AbortSignal): void {
    for (const call of this.#watched.get(signal)?.calls ?? []) this.#onAbort(call, signal.reason);
  }
}

interface Watched {
  readonly calls: Set<PendingCall>;
  readonly listener: () => void;
}
