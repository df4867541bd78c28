/** The last lines of something endless. */
export class Tail {
  readonly #maxLines: number;
  readonly #maxBytes: number;
  #lines: string[] = [];
  #bytes = 0;

  constructor(maxLines = 50, maxBytes = 8_192) {
    this.#maxLines = maxLines;
    this.#maxBytes = maxBytes;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  push(line: string): void {
    const kept = line.length > this.#maxBytes ? line.slice(-this.#maxBytes) : line;
    this.#lines.push(kept);
    this.#bytes += kept.length;
    while (this.#lines.length > this.#maxLines || this.#bytes > this.#maxBytes) {
      this.#bytes -= this.#lines.shift()!.length;
    }
  }
}
