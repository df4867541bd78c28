/** What a {@link CallList} links: the links live in the entry itself, so joining allocates nothing and leaving needs no search. */
export interface CallListEntry<T> {
  /** The list it is in; `undefined` in none. For the list alone. */
  list: object | undefined;
  previous: T | undefined;
  next: T | undefined;
}

/** A doubly linked list, of calls or of what else has the links: every operation takes the same short time however long the list is. */
export class CallList<T extends CallListEntry<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#first;
  }

  get last(): T | undefined {
    return this.#last;
  }

  /** Put an entry that is in no list behind the others. */
  push(entry: T): void {
    this.#join(entry, this.#last, undefined);
  }

  /** Put an entry that is in no list before the others. */
  unshift(entry: T): void {
    this.#join(entry, undefined, this.#first);
  }

  /** Put an entry that is in no list before one that is in this. */
  insert(entry: T, behind: T): void {
    this.#join(entry, behind.previous, behind);
  }

  /** Take the first out. */
  shift(): T | undefined {
    const entry = this.#first;
    if (entry !== undefined) this.remove(entry);
    return entry;
  }

  /** Take the last out. */
  pop(): T | undefined {
    const entry = this.#last;
    if (entry !== undefined) this.remove(entry);
    return entry;
  }

  /** Take an entry out, wherever it stands. @returns false if it was not in this list */
  remove(entry: T): boolean {
    if (entry.list !== this) return false;
    if (entry.previous === undefined) this.#first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) this.#last = entry.previous;
    else entry.next.previous = entry.previous;
    entry.list = undefined;
    entry.previous = undefined;
    entry.next = undefined;
    this.#size -= 1;
    return true;
  }

  /** Take all out, the first first. */
  clear(): T[] {
    const entries: T[] = [];
    for (let entry = this.shift(); entry !== undefined; entry = this.shift()) entries.push(entry);
    return entries;
  }

  /** From the first on. The list must not change meanwhile. */
  *[Symbol.iterator](): Iterator<T> {
    for (let entry = this.#first; entry !== undefined; entry = entry.next) yield entry;
  }

  #join(entry: T, previous: T | undefined, next: T | undefined): void {
    entry.list = this;
    entry.previous = previous;
    entry.next = next;
    if (previous === undefined) this.#first = entry;
    else previous.next = entry;
    if (next === undefined) this.#last = entry;
    else next.previous = entry;
    this.#size += 1;
  }
}
