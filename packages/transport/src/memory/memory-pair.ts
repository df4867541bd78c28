import { Duplex } from 'node:stream';

/**
 * Two streams back to back that behave like the ends of a local socket pair: one write arrives as one chunk, ending one side is the
 * end of reading on the other, destroying one side lets the other read what was sent and then the end, and writing to a side that is
 * gone fails with EPIPE. Node's own `duplexPair` leaves the peer of a destroyed side waiting for ever.
 */
export function memoryPair(): [Duplex, Duplex] {
  const a = new MemoryEnd();
  const b = new MemoryEnd();
  a.peer = b;
  b.peer = a;
  return [a, b];
}

class MemoryEnd extends Duplex {
  peer: MemoryEnd | undefined;
  /** The callback of the peer's write that waits until this side has been read. */
  #release: (() => void) | undefined;
  #readEnded = false;

  constructor() {
    super({ allowHalfOpen: false });
  }

  override _read(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    if (this.peer === undefined || this.peer.destroyed) done(brokenPipe());
    else this.peer.#receive(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', done);
  }

  override _final(done: () => void): void {
    if (this.peer !== undefined) this.peer.#receiveEnd();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this._read();
    if (this.peer !== undefined) this.peer.#receiveEnd();
    done(error);
  }

  /** Like a kernel: the write is done when the bytes have room, later when they have none. */
  #receive(chunk: Buffer, done: () => void): void {
    // A copy, as a socket makes one: the sender may use its memory again once the write is done.
    if (this.push(Buffer.from(chunk))) done();
    else this.#release = done;
  }

  #receiveEnd(): void {
    if (this.#readEnded || this.destroyed) return;
    this.#readEnded = true;
    this.push(null);
  }
}

function brokenPipe(): Error {
  return Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
}
