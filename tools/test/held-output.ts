import { Writable } from 'node:stream';

/** Enough to see what led to a failure. */
const HELD_BYTES = 64 * 1024;

/**
 * Keeps what tests and their workers print until it is known whether anybody wants to read it: much of it is meant
 * to happen, such as the traces of workers that a test crashes. Only the last {@link HELD_BYTES} are kept.
 */
export class HeldOutput extends Writable {
  #held: Buffer[] = [];
  #heldBytes = 0;
  #released = false;
  readonly #target: Writable;

  constructor(target: Writable) {
    super();
    this.#target = target;
  }

  /** Prints what was held; from now on everything is printed at once. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    if (this.#held.length > 0) this.#target.write('\nPrinted by the tests:\n');
    for (const chunk of this.#held) this.#target.write(chunk);
    this.#held = [];
  }

  /** Does nothing: each of Vitest's processes is piped in here, and a pipe ends its target when its source ends. */
  override end(): this {
    return this;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#released) {
      this.#target.write(chunk);
    } else {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      while (this.#heldBytes > HELD_BYTES && this.#held.length > 1) {
        this.#heldBytes -= this.#held.shift()?.length ?? 0;
      }
    }
    done();
  }
}
