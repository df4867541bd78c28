import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { protocolViolation } from '../calls/errors.js';

/** Names a file without opening it: Linux's, which Node has no name for. */
const O_PATH = 0x20_0000;

/** Which frames' buffers lie in a segment. */
export type SegmentChannel = 'requests' | 'replies';

/** What a segment is for, before there is one. */
export interface SegmentPlan {
  readonly workerId: string;
  readonly id: number;
  readonly channel: SegmentChannel;
  readonly bytes: number;
}

/**
 * Memory that a worker and this process share, which holds one buffer at a time (SPEC.md section 15).
 *
 * `asked`: there is none yet. `free`: whoever writes may write. `busy`: something is in it. `leaving`: the worker was asked to give it back; one for replies
 * may be used once more.
 */
export class Segment {
  readonly id: number;
  readonly channel: SegmentChannel;
  readonly bytes: number;
  state: 'asked' | 'free' | 'busy' | 'leaving' = 'asked';
  /** When it was last written or read, by `performance.now()`. */
  usedAt = performance.now();

  readonly #workerId: string;
  #fd: number | undefined;

  constructor({ workerId, id, channel, bytes }: SegmentPlan) {
    this.#workerId = workerId;
    this.id = id;
    this.channel = channel;
    this.bytes = bytes;
  }

  /**
   * Open what the worker has made, by its descriptor there: it has no name, so nothing is ever left of it.
   *
   * @param path - of the descriptor in `/proc`.
   * @param token - what it begins with. In another namespace of processes the path is somebody else's, or nobody's.
   * @throws Error - where that cannot be opened, or is something else.
   */
  open(path: string, token: string): void {
    this.#fd = openMemory(path, this.bytes);
    const found = Buffer.alloc(token.length / 2);
    if (this.#fd !== undefined) readSync(this.#fd, found, 0, found.length, 0);
    if (found.length === 0 || found.toString('hex') !== token) {
      this.close();
      throw new Error(`${path} is another file here: the worker is in another namespace of processes`);
    }
    this.state = 'free';
  }

  /** Write a part of what is to lie in it, at the same offset. */
  write(source: Uint8Array, offset: number, bytes: number): void {
    for (let done = 0; done < bytes;) {
      done += writeSync(this.#opened(), source, offset + done, bytes - done, offset + done);
    }
  }

  /** Read a part of what lies in it, to the same offset. */
  read(target: Uint8Array, offset: number, bytes: number): void {
    for (let done = 0; done < bytes;) {
      const read = readSync(this.#opened(), target, offset + done, bytes - done, offset + done);
      if (read === 0)
        throw protocolViolation(this.#workerId, `a buffer beyond the end of segment ${this.id}`);
      done += read;
    }
  }

  /** Let go of it. Idempotent. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #opened(): number {
    if (this.#fd === undefined) throw new Error(`Segment ${this.id} is not open.`);
    return this.#fd;
  }
}

/**
 * Open a file of at least so many bytes that has no name, as memory has none: nobody else is to find in it what is written there.
 *
 * A worker that runs as another user may lie, and name a file that only this process may write to, or a device that does something when it is opened. So it is
 * looked at first, and what was looked at is opened.
 */
function openMemory(path: string, bytes: number): number | undefined {
  const seen = openSync(path, O_PATH);
  try {
    const again = `/proc/self/fd/${seen}`;
    const facts = fstatSync(seen);
    const isNameless = facts.isFile() && facts.nlink === 0;
    return isNameless && facts.size >= bytes ? openSync(again, constants.O_RDWR) : undefined;
  } finally {
    closeSync(seen);
  }
}
