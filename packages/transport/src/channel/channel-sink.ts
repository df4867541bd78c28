import type { Writable } from 'node:stream';
import {
  atEndOfTurn,
  createError,
  DEFAULT_LIMITS,
  FrameEncoder,
  type Frame,
  type FrameLimits,
  type PypoolError,
} from '@pypool/protocol';
import type { FrameSink } from '../contract.js';
import { WaitingBuffers } from './waiting-buffers.js';

/** Where `drained()` starts to wait. About what a local socket holds: less would stall it, more only queues in Node's memory. */
const MIN_HIGH_WATER_BYTES = 64 * 1024;

/** Buffers up to here are copied as they are sent. */
const COPIED_BYTES = 16 * 1024;

const SETTLED = Promise.resolve();

/**
 * The sending side of a channel over a Node stream.
 *
 * Its one idea: sending costs an append, and the stream is written to once a turn. The stream belongs to whoever made the
 * sink; the sink ends it in {@link ChannelSink.end} and never destroys it.
 */
export class ChannelSink implements FrameSink {
  readonly #stream: Writable;
  readonly #encoder: FrameEncoder;
  readonly #waiters: (() => void)[] = [];
  readonly #highWaterBytes: number;
  readonly #onBroken: (error: PypoolError) => void;
  readonly #waiting: WaitingBuffers;
  #open = true;
  #flushScheduled = false;

  /**
   * @param onBroken - told once where frames cannot be sent as they were accepted. The sink drops them and whatever follows; the peer has
   * nothing to wait for any more, so the connection has to end.
   */
  constructor(stream: Writable, onBroken: (error: PypoolError) => void) {
    this.#stream = stream;
    this.#onBroken = onBroken;
    this.#encoder = new FrameEncoder(DEFAULT_LIMITS);
    this.#waiting = new WaitingBuffers(stream, () => this.#breakOff());
    // Not below the stream's own mark: under that it does not say when it has drained.
    this.#highWaterBytes = Math.max(MIN_HIGH_WATER_BYTES, stream.writableHighWaterMark);
    stream.on('drain', this.#settleWaiters);
    stream.on('close', () => this.abandon());
    // EPIPE and ECONNRESET say that the worker is gone. That is no news of this side: what became of the calls in flight is
    // judged when the reply channel has been read to its end, and telling it here as well would tell it twice.
    stream.on('error', () => this.abandon());
  }

  get bufferedBytes(): number {
    return this.#open ? this.#encoder.pendingBytes + this.#stream.writableLength : 0;
  }

  send(frame: Frame): void {
    if (!this.#open) return;
    this.#encoder.push(frame);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    atEndOfTurn(this.#flush);
  }

  drained(): Promise<void> {
    if (this.#drained) return SETTLED;
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  end(): void {
    if (!this.#open) return;
    this.#flush();
    this.abandon();
    this.#stream.end();
  }

  /** The peer is gone: drop what was not written and whatever is sent from now on. */
  abandon(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#encoder.take();
    this.#settleWaiters();
  }

  limit(limits: FrameLimits): void {
    this.#encoder.limits = limits;
  }

  get #drained(): boolean {
    return this.bufferedBytes < this.#highWaterBytes;
  }

  /** When the microtasks are done, or every continuation of a settled call would pay for a write of its own. */
  readonly #flush = (): void => {
    this.#flushScheduled = false;
    if (!this.#open) return;
    const promised = this.#encoder.pendingBytes;
    const chunks = this.#encoder.take();
    if (bytesOf(chunks) !== promised) return this.#breakOff();
    const isBusy = this.#stream.writableLength > 0;
    if (chunks.length === 1) {
      this.#write(chunks[0]!, isBusy);
    } else if (chunks.length > 1) {
      // Corked, the chunks reach the stream's `_writev` together: one system call, and no copy of large buffers.
      this.#stream.cork();
      for (const chunk of chunks) this.#write(chunk, isBusy);
      this.#stream.uncork();
    }
    // Where few bytes stayed behind, no 'drain' will come.
    this.#settleWaiters();
  };

  #write(chunk: Uint8Array, isBusy: boolean): void {
    this.#stream.write(isBusy && chunk.byteLength > COPIED_BYTES ? this.#waiting.keep(chunk) : chunk);
  }

  #breakOff(): void {
    this.abandon();
    this.#onBroken(takenAway());
  }

  readonly #settleWaiters = (): void => {
    if (this.#waiters.length === 0 || !this.#drained) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  };
}

function bytesOf(chunks: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const chunk of chunks) bytes += chunk.byteLength;
  return bytes;
}

/** A large buffer leaves as the view that the caller gave; a detached one has no bytes, and its frame's header is written already. */
function takenAway(): PypoolError {
  return createError({
    code: 'protocol',
    message:
      'A buffer was transferred or resized before it was sent. What is over 16 KiB is not copied: leave it as it is until its call has settled.',
    outcome: 'unknown',
  });
}
