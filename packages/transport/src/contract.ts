import type { Duplex } from 'node:stream';
import type { Frame, FrameLimits, PypoolError } from '@pypool/protocol';

/** The side of a channel that sends. */
export interface FrameSink {
  /**
   * Queue one frame. All frames sent in one turn of the event loop leave in one write. Frames sent after the channel ended or
   * broke are dropped: the end of the reply channel tells what became of their calls.
   *
   * Buffers over 16 KiB are not copied and are read until the operating system took them; where one is transferred before it left, the
   * connection ends with a `protocol` error.
   *
   * @throws PypoolError `frame-too-large` where the frame is over the limits; nothing is sent and the channel stays usable.
   */
  send(frame: Frame): void;
  /** Bytes accepted and not yet taken by the operating system. Senders that can wait, wait while it is large. */
  readonly bufferedBytes: number;
  /** Resolves when `bufferedBytes` is back below the high-water mark; at once if it is, or if the channel has ended. */
  drained(): Promise<void>;
  /** Half-close: the peer reads everything sent so far and then the end. Idempotent. */
  end(): void;
}

/** What a channel tells about what it receives. Called synchronously as bytes arrive; must not throw. */
export interface FrameListener {
  onFrame(frame: Frame): void;
  /**
   * The channel was read to its end; nothing follows. `error` where it broke: a `protocol` or `frame-too-large` error for malformed
   * bytes, a `communication` error where the medium failed. Called exactly once.
   */
  onEnd(error: PypoolError | undefined): void;
}

/** The three channels to one worker. The connection owns the bytes, never the process. */
export interface Connection {
  /** Node to Python. */
  readonly requests: FrameSink;
  /** Both ways. */
  readonly control: FrameSink;
  /**
   * Whether the end of replies is exact: every byte the worker's kernel accepted has been read when `onEnd` comes without an error.
   * True for local sockets; false for TCP, where a reset discards data.
   */
  readonly exactEnd: boolean;
  /** Start to read. Called once, right after the connection is made. */
  listen(listeners: { readonly replies: FrameListener; readonly control: FrameListener }): void;
  /** Set what may be received from now on; before it, the `DEFAULT_LIMITS` of the protocol hold. */
  limit(limits: FrameLimits): void;
  /** Whether waiting for bytes keeps the Node process alive. @defaultValue false */
  keepAlive(on: boolean): void;
  /**
   * Close all three channels now; unread bytes are lost and no frame follows. Idempotent. Listeners get their `onEnd`, after this
   * returns, with a `communication` error where the end had not been reached.
   */
  destroy(): void;
}

/** A way to reach workers: pipes, a Unix socket, TCP. Implementations pass `transportConformance()` from `@pypool/transport/testing`. */
export interface Transport {
  /** Stable name for logs, errors and metric attributes, for example `"pipe"`. */
  readonly name: string;
  /** Whether workers that it connects may run on other machines. @defaultValue false */
  readonly remote?: boolean;
  /** Whether workers dial it, and need inherit nothing of this process: a fork server's can, too. @defaultValue false */
  readonly dialled?: boolean;
  /** Prepare one connection for a worker that is about to be launched. */
  offer(signal: AbortSignal): Promise<ConnectionOffer>;
  /** Give back what the transport itself holds (a listening socket, a folder). Idempotent. */
  close(): Promise<void>;
}

/** What a launcher must hand to the process so that it can connect, and how the connection is made then. */
export interface ConnectionOffer {
  /** How many `'pipe'` entries the process gets after stdin, stdout and stderr, from descriptor 3 on. */
  readonly pipes: number;
  /** Arguments for the runtime, for example `["--channels", "fd:3,4,5"]`. Everybody on the machine may read them: they hold no secret. */
  readonly args: readonly string[];
  /** Variables that the launcher adds to the environment of the process: what is for its eyes alone. @defaultValue none */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the process has to be of this process's own user, or else cannot connect. @defaultValue false */
  readonly sameUser?: boolean;
  /** The socket that the process dials, where it is in the file system and in a folder of its own: whoever outlives Node removes both. @defaultValue none */
  readonly socketPath?: string;
  /** Make the connection. `pipes` are Node's ends, in order. Resolves when all three channels stand. */
  accept(pipes: readonly Duplex[], signal: AbortSignal): Promise<Connection>;
  /** Withdraw an offer that nobody accepted. Idempotent. */
  withdraw(): void;
}
