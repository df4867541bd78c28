import { createError } from '../errors/create-error.js';
import { protocolError } from '../errors/protocol-error.js';
import { CALL_TYPES, PLACED_TYPES } from './channels.js';
import { decodeText } from './text.js';
import { Filling } from './filling.js';
import { DEFAULT_LIMITS, type Frame, type FrameLimits, type PlacedBuffer } from './frame.js';
import {
  FLAG_PLACED,
  FLAG_TAGGED,
  HEADER_BYTES,
  PLACED_ENTRY_BYTES,
  TABLE_ENTRY_BYTES,
  paddingAt,
  readU32,
  readU64,
} from './header.js';

/** What a {@link FrameDecoder} is made of. */
export interface FrameDecoderOptions {
  /** @defaultValue {@link DEFAULT_LIMITS} */
  readonly limits?: FrameLimits;
  /** The frame types this channel may carry in this direction. */
  readonly accepts: ReadonlySet<number>;
  /** Called for each frame, in order, synchronously from {@link FrameDecoder.push}. What it throws, `push` throws. */
  readonly onFrame: (frame: Frame) => void;
}

/** A frame whose end has not arrived. */
interface OpenFrame {
  readonly type: number;
  readonly tagged: boolean;
  readonly callId: number;
  readonly bufferCount: number;
  readonly envelopeBytes: number;
  /** The buffer table, until it is whole; then the envelope, until that is. */
  table: Filling | undefined;
  text: Filling | undefined;
  envelope: string;
  readonly lengths: number[];
  /** The buffers that lie in shared memory, by their index; `undefined` where the table says of none. */
  readonly placed: (PlacedBuffer | undefined)[] | undefined;
  readonly buffers: Uint8Array[];
  body: Filling | undefined;
  /** Padding bytes still to be skipped before the next buffer. */
  padding: number;
}

const NO_BUFFERS: readonly Uint8Array[] = Object.freeze([]);
const NO_BYTES = Buffer.alloc(0);

/**
 * Turns chunks of any size into frames.
 *
 * A frame that lies within one chunk is read in place; only what a chunk's end cuts off is gathered. Every length is checked before
 * memory is spent on it. The first violation throws, and the decoder stays dead: there is no resynchronisation.
 */
export class FrameDecoder {
  /** What the next frame is checked against. */
  limits: FrameLimits;

  readonly #accepts = new Uint8Array(256);
  readonly #onFrame: (frame: Frame) => void;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  /** How much of a header that a chunk's end cut off is in `#header`. */
  #headerFilled = 0;
  #open: OpenFrame | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: FrameDecoderOptions) {
    this.limits = options.limits ?? DEFAULT_LIMITS;
    this.#onFrame = options.onFrame;
    for (const type of options.accepts) this.#accepts[type] = 1;
  }

  /**
   * Read one chunk. The chunk is not kept.
   *
   * @throws CommunicationError `protocol` or `frame-too-large`, and the same one ever after.
   */
  push(chunk: Uint8Array): void {
    if (this.#failure) throw this.#failure.error;
    try {
      this.#read(asBuffer(chunk));
    } catch (error) {
      this.#failure = { error };
      this.#open = undefined;
      throw error;
    }
  }

  /**
   * The stream has ended.
   *
   * @throws CommunicationError `protocol` inside a frame, with `truncated: true` in its context: all frames before it were whole.
   */
  end(): void {
    if (this.#failure) throw this.#failure.error;
    if (this.#open === undefined && this.#headerFilled === 0) return;
    this.#open = undefined;
    this.#failure = { error: protocolError('the stream ended inside a frame', { truncated: true }) };
    throw this.#failure.error;
  }

  #read(chunk: Buffer): void {
    let at = 0;
    if (this.#headerFilled > 0) {
      at = Math.min(HEADER_BYTES - this.#headerFilled, chunk.length);
      chunk.copy(this.#header, this.#headerFilled, 0, at);
      this.#headerFilled += at;
      if (this.#headerFilled < HEADER_BYTES) return;
      this.#headerFilled = 0;
      this.#begin(this.#header, 0);
    }
    if (this.#open) at = this.#continue(this.#open, chunk, at);
    while (this.#open === undefined && chunk.length - at >= HEADER_BYTES) at = this.#begin(chunk, at);
    if (this.#open === undefined && at < chunk.length) {
      this.#headerFilled = chunk.copy(this.#header, 0, at);
    }
  }

  /** Read a header and as much of its frame as `chunk` holds; returns where it stopped. */
  #begin(chunk: Buffer, at: number): number {
    const envelopeBytes = readU32(chunk, at);
    const type = chunk[at + 4]!;
    const flags = chunk[at + 5]!;
    const bufferCount = chunk[at + 6]! | (chunk[at + 7]! << 8);
    const callId = readU64(chunk, at + 8);
    const tableBytes = bufferCount * (flags & FLAG_PLACED ? PLACED_ENTRY_BYTES : TABLE_ENTRY_BYTES);
    this.#check(type, flags, callId, envelopeBytes + tableBytes, bufferCount);
    const tagged = (flags & FLAG_TAGGED) !== 0;

    const start = at + HEADER_BYTES;
    if (bufferCount === 0 && chunk.length - start >= envelopeBytes) {
      const end = start + envelopeBytes;
      const envelope = decodeText(chunk, start, end);
      this.#onFrame({ type, tagged, callId, envelope, buffers: NO_BUFFERS });
      return end;
    }
    const open: OpenFrame = {
      type,
      tagged,
      callId,
      bufferCount,
      envelopeBytes,
      table: bufferCount > 0 ? new Filling(tableBytes) : undefined,
      text: bufferCount > 0 ? undefined : new Filling(envelopeBytes),
      envelope: '',
      lengths: [],
      placed: (flags & FLAG_PLACED) !== 0 ? [] : undefined,
      buffers: [],
      body: undefined,
      padding: 0,
    };
    this.#open = open;
    return this.#continue(open, chunk, start);
  }

  /** Read on in a frame that is not whole yet; returns where it stopped. */
  #continue(open: OpenFrame, chunk: Buffer, from: number): number {
    let at = from;
    if (open.table) {
      at = open.table.fill(chunk, at);
      if (!open.table.full) return at;
      this.#readTable(open, open.table);
    }
    if (open.text) {
      at = open.text.fill(chunk, at);
      if (!open.text.full) return at;
      open.envelope = decodeText(open.text.bytes, 0, open.text.length);
      open.text = undefined;
    }
    while (open.buffers.length < open.bufferCount) {
      if (open.placed?.[open.buffers.length] !== undefined) {
        open.buffers.push(NO_BYTES);
        continue;
      }
      const skipped = Math.min(open.padding, chunk.length - at);
      open.padding -= skipped;
      at += skipped;
      if (open.padding > 0) return at;
      const body = (open.body ??= new Filling(open.lengths[open.buffers.length]!));
      at = body.fill(chunk, at);
      if (!body.full) return at;
      open.body = undefined;
      open.padding = paddingAt(body.length);
      open.buffers.push(new Uint8Array(body.bytes.buffer, 0, body.length));
    }
    this.#open = undefined;
    const { type, tagged, callId, envelope, buffers } = open;
    const placed = open.placed?.filter((each) => each !== undefined);
    this.#onFrame({ type, tagged, callId, envelope, buffers, ...(placed && { placed }) });
    return at;
  }

  /** Lengths over the limit are refused before the envelope is waited for. */
  #readTable(open: OpenFrame, table: Filling): void {
    let bufferBytes = 0;
    const segments: number[] = [];
    for (let at = 0; at < table.length; at += TABLE_ENTRY_BYTES) {
      const length = readU64(table.bytes, at);
      bufferBytes += length;
      open.lengths.push(length);
      if (open.placed) segments.push(readU64(table.bytes, (at += TABLE_ENTRY_BYTES)));
    }
    if (bufferBytes > this.limits.maxBufferBytes) {
      throw tooLarge(bufferBytes, 'maxBufferBytes', this.limits.maxBufferBytes);
    }
    if (open.placed) place(open.placed, open.lengths, segments);
    open.padding = paddingAt(HEADER_BYTES + table.length + open.envelopeBytes);
    open.table = undefined;
    open.text = new Filling(open.envelopeBytes);
  }

  #check(type: number, flags: number, callId: number, headBytes: number, bufferCount: number): void {
    if (this.#accepts[type] === 0)
      throw protocolError(`frame type ${type} has no place on this channel`, { type });
    const mayBePlaced = bufferCount > 0 && PLACED_TYPES.has(type);
    if ((flags & ~FLAG_TAGGED) !== 0 && !(flags <= (FLAG_PLACED | FLAG_TAGGED) && mayBePlaced))
      throw protocolError(`reserved flags are set: ${flags}`, { type, flags });
    if (headBytes > this.limits.maxFrameBytes) {
      throw tooLarge(headBytes, 'maxFrameBytes', this.limits.maxFrameBytes);
    }
    if (callId > Number.MAX_SAFE_INTEGER || (callId !== 0) !== CALL_TYPES.has(type)) {
      throw protocolError(`call id ${callId} in a frame of type ${type}`, { type, callId });
    }
  }
}

/** Note which buffers lie in which segments. */
function place(
  placed: (PlacedBuffer | undefined)[],
  lengths: readonly number[],
  segments: readonly number[],
): void {
  const named = segments.filter((segment) => segment !== 0);
  if (
    named.length === 0 ||
    new Set(named).size < named.length ||
    named.some((segment) => segment > Number.MAX_SAFE_INTEGER)
  )
    throw protocolError('the buffers of a frame lie in no segments, or in one twice');
  segments.forEach((segment, index) => {
    placed.push(segment === 0 ? undefined : { index, segment, bytes: lengths[index]! });
  });
}

function asBuffer(chunk: Uint8Array): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk;
  return chunk.byteLength === 0 ? NO_BYTES : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function tooLarge(bytes: number, name: keyof FrameLimits, limit: number): Error {
  return createError({
    code: 'frame-too-large',
    message: `The peer announced ${bytes} bytes, over the limit of ${limit} (${name}).`,
    outcome: 'unknown',
    context: { bytes, limit, name },
  });
}
