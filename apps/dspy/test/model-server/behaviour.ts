/** What a model does with one request, in place of answering it at once. */
export type Step =
  /** Refuse, as its API says it; `retryAfter` is the header. */
  | { readonly status: number; readonly message?: string; readonly retryAfter?: string }
  /** Say just this. */
  | { readonly text: string }
  /** Answer so much later. */
  | { readonly delayMs: number }
  /** Hang up without a word. */
  | { readonly hangUp: true };

/** Keeps requests waiting until they are let go. */
export class Hold {
  readonly #words: number;
  readonly #waiting = new Set<() => void>();
  readonly #watchers = new Set<() => void>();
  #open = false;
  #most = 0;

  constructor(words: number) {
    this.#words = words;
  }

  /** How many words of a streamed answer come before it is held. */
  get words(): number {
    return this.#words;
  }

  /** Most requests that waited at once. */
  get most(): number {
    return this.#most;
  }

  /** Wait until so many requests wait. */
  async arrived(count: number): Promise<void> {
    while (this.#waiting.size < count) await new Promise<void>((resolve) => this.#watchers.add(resolve));
  }

  /** Let go of those that wait: all, and all that will come; or so many of them. */
  release(count = Infinity): void {
    if (count === Infinity) this.#open = true;
    for (const go of [...this.#waiting].slice(0, count)) go();
  }

  /** For the server: wait with one request, which may be hung up meanwhile. */
  async pass(signal: AbortSignal): Promise<void> {
    if (this.#open || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#waiting.delete(go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      signal.addEventListener('abort', go);
      this.#waiting.add(go);
      this.#most = Math.max(this.#most, this.#waiting.size);
      for (const watcher of this.#watchers) watcher();
      this.#watchers.clear();
    });
  }
}
