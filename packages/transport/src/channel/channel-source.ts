import type { Duplex } from 'node:stream';
import {
  DEFAULT_LIMITS,
  FrameDecoder,
  createError,
  isPypoolError,
  type Frame,
  type FrameLimits,
  type PypoolError,
} from '@pypool/protocol';
import type { FrameListener } from '../contract.js';

/** What a {@link ChannelSource} needs to know of its channel. */
export interface ChannelSourceOptions {
  /** The channel's name in messages, for example `"replies"`. */
  readonly channel: string;
  /** The frame types that this channel may carry in this direction. */
  readonly accepts: ReadonlySet<number>;
  /**
   * Whether ECONNRESET is the end rather than a loss. True for local sockets: Linux hands out all that is queued before it
   * reports the reset, which says only that the peer closed with *our* bytes unread.
   */
  readonly resetIsEnd: boolean;
  /** @defaultValue {@link DEFAULT_LIMITS} */
  readonly limits?: FrameLimits;
}

/**
 * The receiving side of a channel over a Node stream: bytes become frames, and however the stream ends, the listener hears of it
 * exactly once. Nothing is read before {@link ChannelSource.listen}. The stream is destroyed where its bytes are malformed.
 */
export class ChannelSource {
  readonly #stream: Duplex;
  readonly #decoder: FrameDecoder;
  readonly #options: ChannelSourceOptions;
  #listener: FrameListener | undefined;
  #state: 'open' | 'ended' | 'told' = 'open';
  #error: PypoolError | undefined;

  constructor(stream: Duplex, options: ChannelSourceOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#decoder = new FrameDecoder({
      limits: options.limits ?? DEFAULT_LIMITS,
      accepts: options.accepts,
      onFrame: this.#onFrame,
    });
    // Attached at once and not in listen(): an 'error' that nobody listens to ends the whole Node process.
    stream.on('end', this.#onStreamEnd);
    stream.on('error', this.#onStreamError);
    stream.on('close', this.#onStreamClose);
    stream.on('readable', hold);
  }

  /** Start to read. */
  listen(listener: FrameListener): void {
    this.#listener = listener;
    this.#stream.on('data', this.#onData);
    this.#stream.off('readable', hold);
    this.#stream.resume();
    if (this.#state === 'ended') process.nextTick(this.#tell);
  }

  limit(limits: FrameLimits): void {
    this.#decoder.limits = limits;
  }

  /** Stop reading; no frame follows. The listener gets its end, with `reason` or another error where the stream had not been read to it. */
  destroy(reason?: PypoolError): void {
    if (this.#state === 'open') {
      this.#state = 'ended';
      this.#error = reason ?? this.#lost('was closed on this side');
      process.nextTick(this.#tell);
    }
    this.#stream.destroy();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    if (this.#state !== 'open') return;
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      this.#end(this.#malformed(error));
      this.#stream.destroy();
    }
  };

  readonly #onFrame = (frame: Frame): void => {
    // One chunk may hold many frames, and the listener may close the connection at any of them.
    if (this.#state === 'open') this.#listener?.onFrame(frame);
  };

  readonly #onStreamEnd = (): void => {
    if (this.#state !== 'open') return;
    try {
      this.#decoder.end();
    } catch (error) {
      this.#end(this.#malformed(error));
      return;
    }
    this.#end(undefined);
  };

  readonly #onStreamError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'ECONNRESET' && this.#options.resetIsEnd) this.#onStreamEnd();
    else this.#end(this.#lost(`broke: ${error.message}`, error));
  };

  readonly #onStreamClose = (): void => {
    this.#end(this.#lost('closed before it was read to its end'));
  };

  #end(error: PypoolError | undefined): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#error = error;
    this.#tell();
  }

  readonly #tell = (): void => {
    if (this.#state !== 'ended' || this.#listener === undefined) return;
    this.#state = 'told';
    this.#listener.onEnd(this.#error);
  };

  #lost(how: string, cause?: unknown): PypoolError {
    return createError({
      code: 'worker-exited',
      message: `The ${this.#options.channel} channel ${how}`,
      outcome: 'unknown',
      context: { channel: this.#options.channel },
      cause,
    });
  }

  #malformed(error: unknown): PypoolError {
    if (isPypoolError(error)) return error;
    // Not the peer's doing: a listener threw, against its contract. The channel is of no use after it either way.
    return createError({
      code: 'internal',
      message: `A listener of the ${this.#options.channel} channel threw`,
      outcome: 'unknown',
      context: { channel: this.#options.channel },
      cause: error,
    });
  }
}

/**
 * Listens to 'readable' so that nobody else makes the stream flow before {@link ChannelSource.listen}: Node resumes all pipes of a child that
 * has exited, execa those that nobody reads, and what a worker said last would be thrown away.
 */
function hold(): void {
  // Nothing is read here; the bytes stay where they are.
}
