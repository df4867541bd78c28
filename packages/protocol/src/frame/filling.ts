import { createError } from '../errors/create-error.js';

/** The least that is worth a step: lengths below 8 times this are believed, beyond them memory follows what arrived. */
const FIRST_STEP_BYTES = 256 * 1024;

/** A peer makes us hold at most this many times what it has sent. */
const GROWTH = 8;

/**
 * Memory of an announced length that is filled as bytes arrive.
 *
 * The announcement may be a lie: of a large length only an eighth is allocated until that much has arrived, and so on. For honest
 * peers that costs a copy of a seventh of the bytes; small and middling lengths are filled straight in place.
 */
export class Filling {
  readonly length: number;
  /** A buffer of its own, so its memory is aligned; holds `length` bytes once {@link full}. */
  bytes: Buffer;
  #filled = 0;

  constructor(length: number) {
    this.length = length;
    this.bytes = allocate(capacityFor(length, 0));
  }

  get full(): boolean {
    return this.#filled === this.length;
  }

  /** Take what is still missing from `chunk`, beginning at `from`; returns where it stopped. */
  fill(chunk: Buffer, from: number): number {
    const count = Math.min(this.length - this.#filled, chunk.length - from);
    const filled = this.#filled + count;
    if (filled > this.bytes.length) {
      const larger = allocate(capacityFor(this.length, filled));
      this.bytes.copy(larger, 0, 0, this.#filled);
      this.bytes = larger;
    }
    chunk.copy(this.bytes, this.#filled, from, from + count);
    this.#filled = filled;
    return from + count;
  }
}

function allocate(bytes: number): Buffer {
  try {
    return Buffer.allocUnsafeSlow(bytes);
  } catch (cause) {
    throw createError({
      code: 'frame-too-large',
      message: `No memory for ${bytes} bytes of a frame.`,
      outcome: 'unknown',
      context: { bytes },
      cause,
    });
  }
}

/** The smallest of `length`, `length / 8`, `length / 64`, ... that holds what arrived and is worth a step. */
function capacityFor(length: number, arrived: number): number {
  let capacity = length;
  for (;;) {
    const smaller = Math.ceil(capacity / GROWTH);
    if (smaller < arrived || smaller < FIRST_STEP_BYTES) return capacity;
    capacity = smaller;
  }
}
