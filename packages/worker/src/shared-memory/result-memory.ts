import { createError } from '@pypool/protocol';

/** What was given back and not used for so long is freed. */
const IDLE_MS = 10_000;

/** What {@link ResultMemory.take} leaves on memory, so that it finds its way back. Registered, to hold between the copies of this package. */
const HOME: unique symbol = Symbol.for('pypool.result-memory') as never;

interface FreeMemory {
  readonly buffer: ArrayBuffer;
  readonly since: number;
}

/**
 * Memory that large results are read into. What its owners give back is used again: pages that the kernel has yet to find and clear cost more
 * than half the time of a large result.
 *
 * One for all workers of a pool. Memory is used again for as many bytes as it has, and no others, since whoever is given an array may look at
 * its whole `buffer`.
 */
export class ResultMemory {
  readonly #maxFreeBytes: number;
  /** The last was given back last. */
  readonly #free: FreeMemory[] = [];
  #freeBytes = 0;
  #closed = false;
  #sweep: NodeJS.Timeout | undefined;

  /** @param maxFreeBytes - what is kept at most for later. */
  constructor(maxFreeBytes: number) {
    this.#maxFreeBytes = maxFreeBytes;
  }

  /** What is kept for later results. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /**
   * So many bytes, of any content.
   *
   * @throws PypoolError `frame-too-large` where the system has no more.
   */
  take(bytes: number): Uint8Array {
    const at = this.#free.findLastIndex(({ buffer }) => buffer.byteLength === bytes);
    const buffer = at === -1 ? allocate(bytes) : this.#drop(at);
    Object.defineProperty(buffer, HOME, { value: this });
    return new Uint8Array(buffer);
  }

  /** Take memory back. `buffer` and all views of it are empty then: nobody can see, or write, what later results hold. */
  give(buffer: ArrayBuffer): void {
    const moved = structuredClone(buffer, { transfer: [buffer] });
    if (this.#closed || moved.byteLength > this.#maxFreeBytes) return;
    this.#free.push({ buffer: moved, since: performance.now() });
    this.#freeBytes += moved.byteLength;
    while (this.#freeBytes > this.#maxFreeBytes) this.#drop(0);
    this.#sweep ??= setInterval(() => this.#dropIdle(), IDLE_MS).unref();
  }

  /** Keep nothing from now on. Idempotent. */
  close(): void {
    this.#closed = true;
    while (this.#free.length > 0) this.#drop(0);
    this.#rest();
  }

  #drop(at: number): ArrayBuffer {
    const [{ buffer }] = this.#free.splice(at, 1) as [FreeMemory];
    this.#freeBytes -= buffer.byteLength;
    return buffer;
  }

  #dropIdle(): void {
    const before = performance.now() - IDLE_MS;
    while (this.#free.length > 0 && this.#free[0]!.since <= before) this.#drop(0);
    if (this.#free.length === 0) this.#rest();
  }

  #rest(): void {
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}

/** Whose this memory is; `undefined` where it is nobody's who would take it back. */
export function homeOf(buffer: ArrayBufferLike): Pick<ResultMemory, 'give'> | undefined {
  return (buffer as { readonly [HOME]?: ResultMemory })[HOME];
}

function allocate(bytes: number): ArrayBuffer {
  try {
    return Buffer.allocUnsafeSlow(bytes).buffer;
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
