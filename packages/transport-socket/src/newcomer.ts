import type { Duplex } from 'node:stream';
import { PREAMBLE_BYTES, readPreamble, type Preamble } from './preamble.js';

/** Who decides about a {@link Newcomer}. */
export interface Host {
  /** It has said who it is. Nothing is known yet of whether that is true. */
  onPreamble(newcomer: Newcomer, preamble: Preamble): void;
  /** It has gone or was cut off, at any time before it was let in. Called once. */
  onGone(newcomer: Newcomer): void;
}

/**
 * A connection that is not a channel yet: it says who it is, and then nothing until it is let in.
 *
 * Whatever else it says, or if it breaks, it is cut off. No more is read of it than one buffer of its stream.
 */
export class Newcomer {
  readonly #stream: Duplex;
  readonly #host: Host;
  #state: 'speaking' | 'waiting' | 'let in' | 'gone' = 'speaking';

  constructor(stream: Duplex, host: Host) {
    this.#stream = stream;
    this.#host = host;
    stream.on('readable', this.#onReadable);
    stream.on('end', this.#onGone);
    stream.on('error', this.#onGone);
    stream.on('close', this.#onGone);
  }

  /** Give the stream away. Whoever takes it attaches listeners of its own in the same turn. */
  letIn(): Duplex {
    this.#state = 'let in';
    this.#stream.off('readable', this.#onReadable);
    this.#stream.off('end', this.#onGone);
    this.#stream.off('error', this.#onGone);
    this.#stream.off('close', this.#onGone);
    return this.#stream;
  }

  /** Close it, without a word. */
  cutOff(): void {
    this.#stream.destroy();
    this.#onGone();
  }

  readonly #onReadable = (): void => {
    if (this.#state === 'waiting') {
      // Also how the end is noticed: it is told when somebody reads and nothing is left.
      if (this.#stream.read() !== null) this.cutOff();
    } else if (this.#state === 'speaking') {
      const bytes = this.#stream.read(PREAMBLE_BYTES) as Buffer | null;
      if (bytes === null) return;
      const preamble = readPreamble(bytes);
      if (preamble === undefined || this.#stream.readableLength > 0) return this.cutOff();
      this.#state = 'waiting';
      this.#host.onPreamble(this, preamble);
    }
  };

  readonly #onGone = (): void => {
    if (this.#state === 'let in' || this.#state === 'gone') return;
    this.#state = 'gone';
    // What it still has to say is of no interest, and an error of it no news.
    this.#stream.on('error', () => undefined);
    this.#stream.destroy();
    this.#host.onGone(this);
  };
}
