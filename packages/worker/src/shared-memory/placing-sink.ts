import { checkFrame, createError, type Frame, type FrameLimits, type PlacedBuffer } from '@pypool/protocol';
import type { FrameSink } from '@pypool/transport';
import { COPIED_BYTES } from '../calls/own-buffers.js';
import { CopyQueue, type Copy } from './copy-queue.js';
import type { Segment } from './segment.js';
import type { Segments } from './segments.js';

/** The requests channel, whose large buffers go into segments. Frames leave in the order in which they were sent. */
export class PlacingSink implements FrameSink {
  limits: FrameLimits;
  readonly #inner: FrameSink;
  readonly #segments: Segments;
  readonly #queue: CopyQueue;
  #open = true;

  constructor(inner: FrameSink, segments: Segments, limits: FrameLimits, onBroken: (error: unknown) => void) {
    this.#inner = inner;
    this.#segments = segments;
    this.limits = limits;
    this.#queue = new CopyQueue((frame) => inner.send(frame), onBroken);
  }

  get bufferedBytes(): number {
    return this.#inner.bufferedBytes + this.#queue.bytes;
  }

  send(frame: Frame): void {
    if (!this.#open) return;
    if (frame.buffers.length === 0 && this.#queue.idle) this.#inner.send(frame);
    else this.#place(frame);
  }

  drained(): Promise<void> {
    if (this.#queue.idle) return this.#inner.drained();
    return new Promise<void>((resolve) => this.#queue.whenIdle(resolve)).then(() => this.#inner.drained());
  }

  end(): void {
    this.#open = false;
    this.#queue.whenIdle(() => this.#inner.end());
  }

  /** Nothing more is sent, and nothing copied. */
  stop(): void {
    this.#open = false;
    this.#queue.stop();
  }

  #place(frame: Frame): void {
    const mayBePlaced = frame.buffers.some(({ byteLength }) => this.#segments.isLarge(byteLength));
    // A table that says where buffers lie is longer, and what is refused later than here breaks the connection.
    checkFrame(mayBePlaced ? { ...frame, placed: [] } : frame, this.limits);
    const placed: PlacedBuffer[] = [];
    const copies: Copy[] = [];
    const others: Copy[] = [];
    frame.buffers.forEach((buffer, index) => {
      const bytes = buffer.byteLength;
      const segment = this.#segments.isLarge(bytes) ? this.#segments.take(bytes) : undefined;
      if (segment === undefined) {
        if (bytes > COPIED_BYTES) others.push(notTaken(buffer));
        return;
      }
      placed.push({ index, segment: segment.id, bytes });
      copies.push(copyInto(segment, buffer));
    });
    if (placed.length > 0) this.#queue.push({ ...own(frame), placed }, [...copies, ...others]);
    else if (this.#queue.idle) this.#inner.send(frame);
    else this.#queue.push(own(frame), others);
  }
}

function copyInto(segment: Segment, buffer: Uint8Array): Copy {
  const { byteLength: bytes } = buffer;
  return {
    bytes,
    run(offset, count) {
      if (buffer.byteLength !== bytes) throw takenAway();
      segment.write(buffer, offset, count);
    },
  };
}

/** Nothing to copy: that a buffer which goes with its frame is still there, right before that goes on. */
function notTaken(buffer: Uint8Array): Copy {
  const { byteLength: bytes } = buffer;
  return {
    bytes: 0,
    run: () => undefined,
    done() {
      if (buffer.byteLength !== bytes) throw takenAway();
    },
  };
}

/** The frame, with copies of what may change as soon as it is sent. */
function own(frame: Frame): Frame {
  const buffers = frame.buffers.map((buffer) =>
    buffer.byteLength <= COPIED_BYTES ? buffer.slice() : buffer,
  );
  return { ...frame, buffers };
}

function takenAway(): Error {
  return createError({
    code: 'protocol',
    message:
      'A buffer was transferred or resized before it was sent. What is over 16 KiB is not copied: leave it as it is until its call has settled.',
    outcome: 'unknown',
  });
}
