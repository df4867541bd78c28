/** One frame as it is meant, before it is bytes. */
export interface FrameParts {
  readonly type: number;
  readonly tagged?: boolean;
  readonly callId?: number | bigint;
  readonly envelope?: string;
  /** Each as hex. */
  readonly buffers?: readonly string[];
  /** Those that lie in shared memory, and are empty in `buffers`. */
  readonly placed?: readonly {
    readonly index: number;
    readonly segment: number | bigint;
    readonly bytes: number;
  }[];
}

/** Lies that a malformed frame tells. */
export interface Lies {
  readonly flags?: number;
  readonly envelopeBytes?: number;
  readonly bufferCount?: number;
  readonly lengths?: readonly bigint[];
  readonly envelopeHex?: string;
  /** The byte to pad with. */
  readonly padding?: number;
}

/** Frame types by name. SPEC.md section 3. */
export const TYPE = {
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

/** Lay out a frame as SPEC.md section 2 says, with the lies that it is to tell. Hex. */
export function frameHex(parts: FrameParts, lies: Lies = {}): string {
  const envelope =
    lies.envelopeHex === undefined ? Buffer.from(parts.envelope ?? '') : Buffer.from(lies.envelopeHex, 'hex');
  const buffers = (parts.buffers ?? []).map((hex) => Buffer.from(hex, 'hex'));
  const header = Buffer.alloc(16);
  header.writeUInt32LE(lies.envelopeBytes ?? envelope.length, 0);
  header.writeUInt8(parts.type, 4);
  header.writeUInt8(lies.flags ?? (parts.tagged ? 1 : 0) + (parts.placed ? 2 : 0), 5);
  header.writeUInt16LE(lies.bufferCount ?? lies.lengths?.length ?? buffers.length, 6);
  header.writeBigUInt64LE(BigInt(parts.callId ?? 0), 8);
  const pieces: Buffer[] = [header];
  const placeOf = (index: number) => parts.placed?.find((each) => each.index === index);
  const lengths =
    lies.lengths ?? buffers.map((buffer, index) => BigInt(placeOf(index)?.bytes ?? buffer.length));
  lengths.forEach((length, index) => {
    const entry = Buffer.alloc(parts.placed ? 16 : 8);
    entry.writeBigUInt64LE(length);
    if (parts.placed) entry.writeBigUInt64LE(BigInt(placeOf(index)?.segment ?? 0), 8);
    pieces.push(entry);
  });
  pieces.push(envelope);
  let position = pieces.reduce((sum, piece) => sum + piece.length, 0);
  for (const [index, buffer] of buffers.entries()) {
    if (placeOf(index)) continue;
    const padding = (8 - (position % 8)) % 8;
    pieces.push(Buffer.alloc(padding, lies.padding ?? 0), buffer);
    position += padding + buffer.length;
  }
  return Buffer.concat(pieces).toString('hex');
}

/** Doubles as little-endian hex. */
export function doublesHex(...values: readonly number[]): string {
  return Buffer.from(new Float64Array(values).buffer).toString('hex');
}
