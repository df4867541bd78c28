import type { Writable } from 'node:stream';

/**
 * Where lines go that nobody listens to: the host's own standard error, each with the worker's name before it.
 *
 * The lines of one turn leave in one write. Standard error is synchronous where it is a file, a terminal or a pipe: a system call for each
 * line of a flood would hold up everything else.
 */
export class UnheardOutput {
  readonly #stream: Writable;
  #text = '';
  #pending = 0;
  #broken = false;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  print(workerId: string, line: string): void {
    if (this.#broken) return;
    if (this.#text === '') queueMicrotask(this.#flush);
    this.#text += `[${workerId}] ${line}\n`;
  }

  readonly #flush = (): void => {
    const text = this.#text;
    this.#text = '';
    if (this.#pending++ === 0) this.#stream.on('error', this.#onError);
    // An error is told after the callback, at the end of that turn.
    this.#stream.write(text, () => setImmediate(this.#written));
  };

  readonly #written = (): void => {
    if (--this.#pending === 0) this.#stream.off('error', this.#onError);
  };

  /** Its reader is gone (EPIPE): nobody is left to be told, and a worker's print must not end the host. */
  readonly #onError = (): void => {
    this.#broken = true;
  };
}
