/**
 * Report what a listener of the user's threw: as an uncaught exception of its own, from a microtask, so that it is neither swallowed nor
 * disturbs whoever called the listener.
 */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
