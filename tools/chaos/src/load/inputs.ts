/** What an input of the lab is like. */
export interface InputShape {
  /** Each item is `[token, n]`, so that one of another call shows. */
  readonly token: string;
  readonly items: number;
  /** It throws a `RangeError` in place of the item with this number. @defaultValue never */
  readonly throwsAt?: number;
  /** Whether its steps are promises. */
  readonly isAsync: boolean;
}

/**
 * Makes the iterables that callers give as arguments, and watches what becomes of each: opened at most once, and then ended, or closed once by
 * `return()`.
 */
export class Inputs {
  /** What was wrong with those that are over. */
  readonly #breaches: string[] = [];
  readonly #open = new Set<string>();
  #made = 0;

  /** An iterable for one call. */
  make(shape: InputShape): AsyncIterable<unknown> | IterableIterator<unknown> {
    const name = `input ${++this.#made} (${shape.items} items, throws at ${shape.throwsAt ?? '-'})`;
    let opened = 0;
    const steps = this.#steps(name, shape);
    const open = (): void => {
      if (++opened > 1) this.#breaches.push(`${name} was opened ${opened} times`);
      this.#open.add(name);
    };
    if (!shape.isAsync) {
      // An iterator, for whatever else can be iterated is sent as a value.
      const iterator = { ...steps, [Symbol.iterator]: () => (open(), iterator) };
      return iterator;
    }
    const iterator = { next: async () => steps.next(), return: async () => steps.return() };
    return { [Symbol.asyncIterator]: () => (open(), iterator) };
  }

  /** What is wrong: with those that are over, and, when no call is open any more, those that were never closed. */
  breaches(): readonly string[] {
    return [...this.#breaches, ...[...this.#open].map((name) => `${name} was opened and never closed`)];
  }

  #steps(name: string, { token, items, throwsAt }: InputShape) {
    let n = 0;
    let over = '';
    const end = (how: string): void => {
      if (over !== '') this.#breaches.push(`${name} was ${how} after it was ${over}`);
      over = how;
      this.#open.delete(name);
    };
    return {
      next: (): IteratorResult<unknown> => {
        if (over !== '') this.#breaches.push(`${name} was read on after it was ${over}`);
        else if (n === throwsAt) {
          end('ended by its error');
          throw new RangeError(`input was to fail at ${n}`);
        } else if (n < items) return { done: false, value: [token, n++] };
        else end('ended');
        return { done: true, value: undefined };
      },
      return: (): IteratorResult<unknown> => {
        end('closed');
        return { done: true, value: undefined };
      },
    };
  }
}
