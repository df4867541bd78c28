import type { Writable } from 'node:stream';

type WriteCallback = (error?: Error | null) => void;

/**
 * Large buffers that wait in a stream until it has written what came before them.
 *
 * They are whoever sent them's memory, and may be transferred or resized while they wait. A stream would write nothing in the place of one that is gone, and its
 * peer would take what follows for the rest of its frame: so they are looked at once more right before they are written.
 */
export class WaitingBuffers {
  readonly #stream: Writable;
  readonly #onTaken: () => void;
  /** How long each was. */
  readonly #bytes = new WeakMap<Uint8Array, number>();
  #isWatching = false;

  /** @param onTaken - one that waited is gone: nothing was written, and the stream is of no more use */
  constructor(stream: Writable, onTaken: () => void) {
    this.#stream = stream;
    this.#onTaken = onTaken;
  }

  /** @returns what to write to the stream in the place of a chunk that will wait there */
  keep(chunk: Uint8Array): Uint8Array {
    // Of any other view the stream would make a Buffer of its own, which could not be told by.
    const kept = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#bytes.set(kept, kept.byteLength);
    if (!this.#isWatching) this.#watch();
    return kept;
  }

  /** From the first that waits on: few streams ever have one. */
  #watch(): void {
    this.#isWatching = true;
    // Both are the documented hooks of a stream's implementation, and called as methods of this object.
    const stream = this.#stream;
    const write = stream._write.bind(stream);
    stream._write = (chunk: Uint8Array, encoding, done) => {
      if (this.#isGone(chunk)) this.#refuse(done);
      else write(chunk, encoding, done);
    };
    const writev = stream._writev?.bind(stream);
    if (writev === undefined) return;
    stream._writev = (chunks, done) => {
      if (chunks.some(({ chunk }) => this.#isGone(chunk as Uint8Array))) this.#refuse(done);
      else writev(chunks, done);
    };
  }

  #isGone(chunk: Uint8Array): boolean {
    return (this.#bytes.get(chunk) ?? chunk.byteLength) !== chunk.byteLength;
  }

  #refuse(done: WriteCallback): void {
    this.#onTaken();
    done();
  }
}
