/** The last so many of something. */
export class Recent<T> {
  readonly #limit: number;
  readonly #items: T[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(item: T): void {
    this.#items.push(item);
    // Not one by one, which would move them all each time.
    if (this.#items.length >= 2 * this.#limit) this.#items.splice(0, this.#limit);
  }

  /** Oldest first. */
  get all(): readonly T[] {
    return this.#items.slice(-this.#limit);
  }
}
