import type { FrameLimits } from '@pypool/protocol';

/** The channels, in the order of the first byte of an input. */
export const CHANNELS = ['requests', 'replies', 'control-from-node', 'control-from-python'] as const;

export type Channel = (typeof CHANNELS)[number];

/** The frame types that each channel may carry, by SPEC.md: a second opinion, as everything in this folder. */
export const TYPES_OF: Readonly<Record<Channel, readonly [number, ...number[]]>> = {
  requests: [1, 6],
  replies: [2, 3, 4, 5],
  'control-from-node': [17, 20, 22, 23, 24, 26],
  'control-from-python': [16, 18, 19, 21, 25, 27, 28],
};

/** Types whose frames name a call. */
export const NAMES_CALL: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 22, 23]);

/** The limits that an input may ask for: those of the golden vectors, middling ones, and the defaults. */
export const LIMITS: readonly [FrameLimits, ...FrameLimits[]] = [
  { maxFrameBytes: 4096, maxBufferBytes: 16_384 },
  { maxFrameBytes: 262_144, maxBufferBytes: 524_288 },
  { maxFrameBytes: 67_108_864, maxBufferBytes: 1_073_741_824 },
];

/** What the second byte says of limits, below it, and of the tail, from it on. */
const PREFIX_BYTES = 3;
const TAIL_FROM = 200;
const TAIL_STEP_BYTES = 40_000;

/**
 * One input: what arrives on a channel under some limits.
 *
 * As flat bytes, which is how it travels and is kept: the channel, the limits, the tail, then the stream. The tail stands for many spaces
 * behind the stream, so that what is large on the wire is small in a corpus.
 */
export interface Input {
  readonly channel: Channel;
  readonly limits: FrameLimits;
  readonly tailBytes: number;
  readonly stream: Uint8Array;
}

/** Read the flat form. Any bytes are some input. */
export function inputOf(flat: Uint8Array): Input {
  const [channel = 0, limits = 0, tail = 0] = flat;
  return {
    channel: CHANNELS[channel % CHANNELS.length]!,
    limits: LIMITS[limits % LIMITS.length]!,
    tailBytes: tail < TAIL_FROM ? 0 : (tail - TAIL_FROM + 1) * TAIL_STEP_BYTES,
    stream: flat.subarray(PREFIX_BYTES),
  };
}

/** Everything that arrives. */
export function bytesOf({ stream, tailBytes }: Input): Uint8Array {
  if (tailBytes === 0) return stream;
  const bytes = new Uint8Array(stream.length + tailBytes).fill(0x20);
  bytes.set(stream);
  return bytes;
}

/** Write the flat form. `tail` is 0 to 255 as in it. */
export function flatOf(channel: number, limits: number, tail: number, stream: Uint8Array): Uint8Array {
  const flat = new Uint8Array(PREFIX_BYTES + stream.length);
  flat[0] = channel;
  flat[1] = limits;
  flat[2] = tail;
  flat.set(stream, PREFIX_BYTES);
  return flat;
}

/** Whether the first frame's header is one that a receiver goes on with (SPEC.md section 2). */
export function passesHeader({ channel, limits, stream }: Input): boolean {
  if (stream.length < 16) return false;
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length);
  const type = view.getUint8(4);
  const callId = view.getBigUint64(8, true);
  return (
    TYPES_OF[channel].includes(type) &&
    view.getUint8(5) <= 1 &&
    view.getUint32(0, true) + 8 * view.getUint16(6, true) <= limits.maxFrameBytes &&
    callId < 2n ** 53n &&
    (callId !== 0n) === NAMES_CALL.has(type)
  );
}
