import { createError, FrameType, type Frame, type PlacedBuffer, type PypoolError } from '@pypool/protocol';
import type { FrameListener } from '@pypool/transport';
import { asPypoolError } from '../calls/errors.js';
import { partOf } from '../calls/into.js';
import { CopyQueue, type Copy } from './copy-queue.js';
import type { ResultMemory } from './result-memory.js';
import type { Segments } from './segments.js';

/** Where large buffers are read into. */
export interface Targets {
  readonly memory: ResultMemory;
  /** Memory of its caller's for the result of a call, as long as it may be written to. */
  readonly intoOf: (callId: number) => ArrayBufferView | undefined;
}

/** The replies channel, whose large buffers may lie in segments: hands on frames that are whole, in the order in which they came. */
export class GatheringListener implements FrameListener {
  readonly #inner: FrameListener;
  readonly #segments: Segments;
  readonly #targets: Targets;
  readonly #queue: CopyQueue;
  readonly #onBroken: () => void;
  #told = false;

  /** @param onBroken - the connection is to end; the listener has been told why. */
  constructor(inner: FrameListener, segments: Segments, targets: Targets, onBroken: () => void) {
    this.#inner = inner;
    this.#segments = segments;
    this.#targets = targets;
    this.#onBroken = onBroken;
    this.#queue = new CopyQueue(
      (frame) => inner.onFrame(frame),
      (error) => this.break(asPypoolError(error, undefined)),
    );
  }

  onFrame(frame: Frame): void {
    if (frame.buffers.length === 0 && this.#queue.idle) this.#inner.onFrame(frame);
    else this.#gather(frame);
  }

  /** What is being read was said before the end. It is in memory of this process, too, and stays there whatever became of the worker. */
  onEnd(error: PypoolError | undefined): void {
    this.#queue.whenIdle(() => this.#tell(error));
  }

  /** Something is wrong that no frame may follow: tell it as the end, and end the connection. */
  break(error: PypoolError): void {
    this.#tell(error);
    this.#onBroken();
  }

  /** No frame follows. What was being read is lost, and where the end had come behind it, it was not reached. */
  stop(): void {
    const isReading = !this.#queue.idle && !this.#told;
    if (isReading) this.#told = true;
    this.#queue.stop();
    if (isReading) process.nextTick(() => this.#inner.onEnd(notRead()));
  }

  #gather(frame: Frame): void {
    const { placed = [], ...whole } = frame;
    const buffers = [...frame.buffers];
    // The first may lie in memory of its caller's, who may transfer that as long as others are read: so it is the last, and its frame goes on with it.
    const copies = placed.map((place) => this.#copyOf(frame, place, buffers)).reverse();
    for (const { byteLength } of frame.buffers) {
      if (this.#segments.isLarge(byteLength)) this.#segments.want('replies', byteLength);
    }
    if (copies.length > 0) this.#queue.push({ ...whole, buffers }, copies);
    else if (this.#queue.idle) this.#inner.onFrame(frame);
    else this.#queue.push(frame, []);
  }

  /**
   * Memory for a buffer, and what fills it. Our own has nobody else before it is full, so whoever aborts or dies meanwhile leaves nothing
   * half-filled. A caller's is left alone from when its call has been answered.
   */
  #copyOf({ type, callId }: Frame, { index, segment: id, bytes }: PlacedBuffer, buffers: Uint8Array[]): Copy {
    const segment = this.#segments.find(id, bytes);
    const { memory, intoOf } = this.#targets;
    const given = type === FrameType.RESULT && index === 0 ? partOf(intoOf(callId), bytes) : undefined;
    let target = (buffers[index] = given ?? memory.take(bytes));
    return {
      bytes,
      run: (offset, count) => {
        if (target === given) {
          const into = intoOf(callId);
          if (into === undefined) return; // nobody waits for it
          if (partOf(into, bytes) === undefined) {
            // It was transferred meanwhile. What lay in it is still in the segment.
            target = buffers[index] = memory.take(bytes);
            segment.read(target, 0, offset);
          }
        }
        segment.read(target, offset, count);
      },
      done: () => this.#segments.release(segment),
    };
  }

  #tell(error: PypoolError | undefined): void {
    if (this.#told) return;
    this.#told = true;
    this.#inner.onEnd(error);
  }
}

function notRead(): PypoolError {
  return createError({
    code: 'worker-exited',
    message: 'The replies channel was closed on this side before what lay in shared memory was read',
    outcome: 'unknown',
    context: { channel: 'replies' },
  });
}
