import type { Writable } from 'node:stream';

/** How much waits for a standard error that takes its time, as that of a worker thread does; what comes beyond it is dropped. */
const MAX_BACKLOG_BYTES = 1024 * 1024;

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
  /** Lines left out since the last that was printed. */
  #dropped = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  print(workerId: string, line: string): void {
    if (this.#broken) return;
    if (this.#text.length + this.#stream.writableLength > MAX_BACKLOG_BYTES) {
      this.#dropped += 1;
      return;
    }
    if (this.#text === '') queueMicrotask(this.#flush);
    if (this.#dropped > 0) {
      this.#text += `[pypool] ${this.#dropped} lines were dropped: stderr takes them more slowly than they come\n`;
      this.#dropped = 0;
    }
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
