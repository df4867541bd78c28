/**
 * What was asked for last, of what was found right.
 *
 * Answers come in any order, and whoever asks twice means what they said last: an answer to an earlier question takes no later one's place. One
 * that was refused takes nobody's.
 */
export class LastAsked<T> {
  #value: T | undefined;
  #asked = 0;
  #kept = 0;

  constructor(value?: T) {
    this.#value = value;
  }

  get value(): T | undefined {
    return this.#value;
  }

  /** Ask, now. @returns what keeps the answer, unless there is one to a later question */
  ask(): (value: T) => void {
    const at = ++this.#asked;
    return (value) => {
      if (at < this.#kept) return;
      this.#kept = at;
      this.#value = value;
    };
  }
}
