import { createError } from '../errors/create-error.js';
import { DEFAULT_LIMITS, type Frame, type FrameLimits, type PlacedBuffer } from './frame.js';
import {
  FLAG_PLACED,
  FLAG_TAGGED,
  HEADER_BYTES,
  MAX_BUFFERS,
  PLACED_ENTRY_BYTES,
  TABLE_ENTRY_BYTES,
  paddingAt,
  writeU32,
  writeU64,
} from './header.js';

/** Small frames are written one behind the other into a slab; a slab's bytes are written once and never again. */
const SLAB_BYTES = 64 * 1024;

/** Up to here copying is cheaper than a chunk of one's own; beyond, a chunk of one's own wastes no slab. */
const COALESCE_BYTES = 16 * 1024;

const NO_SLAB = Buffer.alloc(0);

/**
 * Turns frames into chunks for a socket.
 *
 * Frames pushed between two calls of {@link take} leave as few chunks as possible: small ones share one, large buffers are handed
 * out as they are, so nobody may change them before the socket took them.
 */
export class FrameEncoder {
  /** What the next {@link push} checks against. */
  limits: FrameLimits;

  #slab: Buffer = NO_SLAB;
  /** Where in the slab the bytes begin that are not in a chunk yet. */
  #start = 0;
  #end = 0;
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;

  constructor(limits: FrameLimits = DEFAULT_LIMITS) {
    this.limits = limits;
  }

  /** Bytes pushed and not yet taken. */
  get pendingBytes(): number {
    return this.#chunkBytes + this.#end - this.#start;
  }

  /**
   * Add one frame.
   *
   * @throws CommunicationError `frame-too-large`; frames pushed before stay as they are.
   */
  push(frame: Frame): void {
    const { envelope, buffers } = frame;
    const placed = frame.placed === undefined ? undefined : byIndex(frame.placed);
    const tableBytes = tableBytesOf(frame);
    // No character takes more than 3 bytes; the exact length costs a pass over the text, which small frames are spared.
    let envelopeBytes = envelope.length * 3;
    const exact = HEADER_BYTES + tableBytes + envelopeBytes > COALESCE_BYTES;
    if (exact) envelopeBytes = Buffer.byteLength(envelope);
    if (buffers.length > 0 || tableBytes + envelopeBytes > this.limits.maxFrameBytes) {
      checkFrame(frame, this.limits);
    }

    const room = HEADER_BYTES + tableBytes + envelopeBytes;
    const alone = room > COALESCE_BYTES;
    if (alone) this.#seal();
    else this.#reserve(room);
    const target = alone ? Buffer.allocUnsafeSlow(room) : this.#slab;
    const at = alone ? 0 : this.#end;

    let end = at + HEADER_BYTES;
    for (let index = 0; index < buffers.length; index++) {
      const place = placed?.[index];
      writeU64(target, end, place?.bytes ?? buffers[index]!.byteLength);
      end += TABLE_ENTRY_BYTES;
      if (placed === undefined) continue;
      writeU64(target, end, place?.segment ?? 0);
      end += TABLE_ENTRY_BYTES;
    }
    const written = target.write(envelope, end);
    end += written;
    writeU32(target, at, written);
    target[at + 4] = frame.type;
    target[at + 5] = (frame.tagged ? FLAG_TAGGED : 0) | (placed === undefined ? 0 : FLAG_PLACED);
    target[at + 6] = buffers.length;
    target[at + 7] = buffers.length >>> 8;
    writeU64(target, at + 8, frame.callId);
    if (alone) this.#append(target);
    else this.#end = end;
    if (buffers.length > 0) this.#pushBuffers(buffers, placed, end - at);
  }

  /** Everything pushed since the last call, in order. The chunks are the caller's: they are never written again. */
  take(): Uint8Array[] {
    this.#seal();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#chunkBytes = 0;
    return chunks;
  }

  #pushBuffers(buffers: readonly Uint8Array[], placed: Places | undefined, frameBytes: number): void {
    let offset = frameBytes;
    for (let index = 0; index < buffers.length; index++) {
      if (placed?.[index] !== undefined) continue;
      const buffer = buffers[index]!;
      const padding = paddingAt(offset);
      const inline = buffer.byteLength <= COALESCE_BYTES;
      this.#reserve(padding + (inline ? buffer.byteLength : 0));
      this.#slab.fill(0, this.#end, this.#end + padding);
      this.#end += padding;
      if (inline) {
        this.#slab.set(buffer, this.#end);
        this.#end += buffer.byteLength;
      } else {
        this.#seal();
        this.#append(buffer);
      }
      offset += padding + buffer.byteLength;
    }
  }

  /** Make room for `bytes` more in the slab. */
  #reserve(bytes: number): void {
    if (this.#slab.length - this.#end >= bytes) return;
    this.#seal();
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#start = this.#end = 0;
  }

  /** Turn what the slab holds into a chunk; the rest of the slab serves what comes later. */
  #seal(): void {
    if (this.#end === this.#start) return;
    this.#append(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #append(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.byteLength;
  }
}

/** The buffers of a frame that lie in shared memory, by their index. */
type Places = readonly (PlacedBuffer | undefined)[];

/**
 * Hold a frame against the limits, as {@link FrameEncoder.push} does.
 *
 * @throws CommunicationError `frame-too-large`.
 */
export function checkFrame(frame: Frame, { maxFrameBytes, maxBufferBytes }: FrameLimits): void {
  const { envelope, buffers, placed = [] } = frame;
  let bufferBytes = 0;
  for (const buffer of buffers) bufferBytes += buffer.byteLength;
  for (const { index, bytes } of placed) bufferBytes += bytes - buffers[index]!.byteLength;
  const frameBytes = Buffer.byteLength(envelope) + tableBytesOf(frame);
  if (frameBytes > maxFrameBytes) throw tooLarge(frame, frameBytes, 'maxFrameBytes', maxFrameBytes);
  if (bufferBytes > maxBufferBytes) throw tooLarge(frame, bufferBytes, 'maxBufferBytes', maxBufferBytes);
  if (buffers.length > MAX_BUFFERS) {
    throw createError({
      code: 'frame-too-large',
      message: `A frame holds at most ${MAX_BUFFERS} buffers; this value has ${buffers.length}. Join them, or send several calls.`,
      context: { buffers: buffers.length, limit: MAX_BUFFERS },
    });
  }
}

function tableBytesOf({ buffers, placed }: Frame): number {
  return buffers.length * (placed === undefined ? TABLE_ENTRY_BYTES : PLACED_ENTRY_BYTES);
}

function byIndex(placed: readonly PlacedBuffer[]): Places {
  const places: (PlacedBuffer | undefined)[] = [];
  for (const each of placed) places[each.index] = each;
  return places;
}

function tooLarge(frame: Frame, bytes: number, name: keyof FrameLimits, limit: number): Error {
  return createError({
    code: 'frame-too-large',
    message: `A frame of ${bytes} bytes is over the limit of ${limit} (limits.${name}). Raise the limit, or send less at once.`,
    context: { bytes, limit, name, type: frame.type },
  });
}
