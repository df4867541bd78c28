/** One frame of the wire (SPEC.md section 2), decoded as far as its parts: the envelope is still text, the buffers raw. */
export interface Frame {
  /** A {@link FrameType}. */
  readonly type: number;
  /** Whether the envelope holds tagged values (flag bit 0). */
  readonly tagged: boolean;
  /** 0 where the frame is about no call. */
  readonly callId: number;
  /** JSON text. */
  readonly envelope: string;
  /** Out-of-band buffers, each 8-byte aligned when received. */
  readonly buffers: readonly Uint8Array[];
  /** Which of the buffers lie in shared memory rather than in the frame (flag bit 1); not there where none does. */
  readonly placed?: readonly PlacedBuffer[];
}

/** A buffer of a frame whose bytes lie in a shared segment (SPEC.md section 15). When received, `buffers` holds an empty one in its place. */
export interface PlacedBuffer {
  /** Its place in `buffers`. */
  readonly index: number;
  /** The segment that it lies at the beginning of, by its number; no two of a frame have the same. */
  readonly segment: number;
  readonly bytes: number;
}

/** The `type` byte of a frame. SPEC.md section 3. */
export const FrameType = {
  CALL: 1,
  RESULT: 2,
  ERROR: 3,
  ITEM: 4,
  HOST_CALL: 5,
  HOST_RESULT: 6,
  HELLO: 16,
  WELCOME: 17,
  READY: 18,
  START_FAILED: 19,
  PING: 20,
  PONG: 21,
  CANCEL: 22,
  CREDIT: 23,
  REVOKE: 24,
  REVOKED: 25,
  SHUTDOWN: 26,
  LOG: 27,
  EVENT: 28,
  DUMP: 29,
  DUMPED: 30,
  MAP: 31,
  MAPPED: 32,
  OPENED: 33,
  RELEASE: 34,
  RELEASED: 35,
  UNMAP: 36,
  UNMAPPED: 37,
  PULL: 38,
  INPUT: 39,
  INPUT_END: 40,
} as const;

/** Limits of one connection, the same in both directions. */
export interface FrameLimits {
  /** Envelope and buffer table of one frame. @defaultValue 64 MiB */
  readonly maxFrameBytes: number;
  /** All buffers of one frame together. @defaultValue 1 GiB */
  readonly maxBufferBytes: number;
}

/** What holds where nothing else is said, and on every connection until its handshake is over. */
export const DEFAULT_LIMITS: FrameLimits = Object.freeze({
  maxFrameBytes: 64 * 1024 * 1024,
  maxBufferBytes: 1024 * 1024 * 1024,
});
