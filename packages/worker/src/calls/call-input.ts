import type { InputEnd, InputSource } from '@pypool/protocol';

/** What a {@link CallInput} is made of. */
export interface CallInputParts {
  readonly source: InputSource;
  /** Send one item. @returns what it took of the credit in bytes. @throws PypoolError for one that cannot be sent; nothing was. */
  readonly send: (item: unknown) => number;
  /** Say that there are no more, and why. Called at most once. */
  readonly end: (error: InputEnd['error']) => void;
}

/**
 * An iterable among the arguments of a call, read as its handler reads it.
 *
 * It is opened when the handler asks for its first item, so that a call which never ran has left it untouched. From then on its iterator is
 * closed exactly once if it does not end by itself, as `for await` would.
 */
export class CallInput {
  readonly #parts: CallInputParts;
  #iterator: AnyIterator | undefined;
  #items = 0;
  #bytes = 0;
  #reading = false;
  #ended = false;

  constructor(parts: CallInputParts) {
    this.#parts = parts;
  }

  /** The handler has taken items, or is about to: it has room for so many more. */
  pull(items: number, bytes: number): void {
    this.#items += items;
    this.#bytes += bytes;
    if (!this.#reading && !this.#ended) void this.#read();
  }

  /** The call has ended. */
  stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    close(this.#iterator);
  }

  async #read(): Promise<void> {
    this.#reading = true;
    try {
      const iterator = (this.#iterator ??= open(this.#parts.source));
      while (!this.#ended && this.#items > 0 && this.#bytes > 0) {
        const step = await iterator.next();
        if (this.#ended) return;
        if (step.done === true) return this.#end(null);
        try {
          // Iterators that are not async may give promises, as `for await` allows.
          const item = await step.value;
          if (this.#ended) return;
          this.#items -= 1;
          this.#bytes -= this.#parts.send(item);
        } catch (error) {
          return this.#break(error, iterator);
        }
      }
    } catch (error) {
      this.#end(told(error));
    } finally {
      this.#reading = false;
    }
  }

  /** An item is of no use. Its iterator has not ended by that, as one that throws has. */
  #break(error: unknown, iterator: AnyIterator): void {
    if (this.#ended) return;
    this.#end(told(error));
    close(iterator);
  }

  #end(error: InputEnd['error']): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#parts.end(error);
  }
}

type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;

function open(source: InputSource): AnyIterator {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

/** What it says to that is nothing to anybody: its call has been answered, or has failed for another reason. */
function close(iterator: AnyIterator | undefined): void {
  try {
    void Promise.resolve(iterator?.return?.()).catch(() => undefined);
  } catch {
    // As above.
  }
}

/** Anything may be thrown, also what cannot be made a text. */
function told(error: unknown): { name: string; message: string } {
  try {
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: error };
    return { name: String(name), message: String(message) };
  } catch {
    return { name: 'Error', message: 'something was thrown that cannot be shown' };
  }
}
