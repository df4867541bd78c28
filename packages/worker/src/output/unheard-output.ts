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

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  print(workerId: string, line: string): void {
    if (this.#text === '') queueMicrotask(() => this.#flush());
    this.#text += `[${workerId}] ${line}\n`;
  }

  #flush(): void {
    const text = this.#text;
    this.#text = '';
    this.#stream.write(text);
  }
}
