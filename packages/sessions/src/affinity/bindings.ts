/** Which worker each session is bound to, by their ids; the sessions that rested longest are forgotten first. */
export class Bindings {
  readonly #limit: number;
  /** In the order of last use: the first key has rested longest. */
  readonly #workerOf = new Map<string, string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#workerOf.size;
  }

  /** The id of the worker that a session is bound to, which may be gone by now. */
  workerOf(sessionId: string): string | undefined {
    return this.#workerOf.get(sessionId);
  }

  /** Bind a session, or note that it was used. */
  bind(sessionId: string, workerId: string): void {
    this.#workerOf.delete(sessionId);
    this.#workerOf.set(sessionId, workerId);
    if (this.#workerOf.size <= this.#limit) return;
    const [restedLongest] = this.#workerOf.keys();
    this.#workerOf.delete(restedLongest!);
  }

  release(sessionId: string): void {
    this.#workerOf.delete(sessionId);
  }
}
