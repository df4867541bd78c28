/** A frame as one would write it, and what its header may claim instead of the truth. */
export interface FrameModel {
  type: number;
  flags: number;
  callId: bigint;
  envelope: Buffer;
  buffers: Buffer[];
  envelopeBytes?: number;
  bufferCount?: number;
  lengths?: bigint[];
}

/** A stream taken apart: whole frames, then whatever follows that is none. */
export interface StreamModel {
  frames: FrameModel[];
  rest: Buffer;
}

const HEADER_BYTES = 16;

/** Take a stream apart as far as it holds frames. */
export function takeApart(stream: Uint8Array): StreamModel {
  const bytes = Buffer.from(stream);
  const frames: FrameModel[] = [];
  let at = 0;
  for (;;) {
    const found = frameAt(bytes, at);
    if (found === undefined) return { frames, rest: bytes.subarray(at) };
    frames.push(found.frame);
    at = found.end;
  }
}

/** Lay a stream out, lies included. */
export function putTogether({ frames, rest }: StreamModel): Buffer {
  return Buffer.concat([...frames.flatMap(layOut), rest]);
}

function frameAt(bytes: Buffer, start: number): { frame: FrameModel; end: number } | undefined {
  if (bytes.length - start < HEADER_BYTES) return undefined;
  const envelopeBytes = bytes.readUInt32LE(start);
  const count = bytes.readUInt16LE(start + 6);
  let at = start + HEADER_BYTES + 8 * count;
  if (at + envelopeBytes > bytes.length) return undefined;
  const lengths: number[] = [];
  for (let index = 0; index < count; index++) {
    const length = bytes.readBigUInt64LE(start + HEADER_BYTES + 8 * index);
    if (length > bytes.length) return undefined;
    lengths.push(Number(length));
  }
  const envelope = bytes.subarray(at, at + envelopeBytes);
  at += envelopeBytes;
  const buffers: Buffer[] = [];
  for (const length of lengths) {
    at += -(at - start) & 7;
    if (at + length > bytes.length) return undefined;
    buffers.push(bytes.subarray(at, at + length));
    at += length;
  }
  const callId = bytes.readBigUInt64LE(start + 8);
  return {
    frame: { type: bytes[start + 4]!, flags: bytes[start + 5]!, callId, envelope, buffers },
    end: at,
  };
}

function layOut(frame: FrameModel): Buffer[] {
  const { envelope, buffers } = frame;
  const lengths = frame.lengths ?? buffers.map((buffer) => BigInt(buffer.length));
  const head = Buffer.alloc(HEADER_BYTES + 8 * lengths.length);
  head.writeUInt32LE((frame.envelopeBytes ?? envelope.length) >>> 0, 0);
  head.writeUInt8(frame.type, 4);
  head.writeUInt8(frame.flags, 5);
  head.writeUInt16LE((frame.bufferCount ?? lengths.length) & 0xffff, 6);
  head.writeBigUInt64LE(BigInt.asUintN(64, frame.callId), 8);
  lengths.forEach((length, index) => {
    head.writeBigUInt64LE(BigInt.asUintN(64, length), HEADER_BYTES + 8 * index);
  });
  const parts = [head, envelope];
  let position = head.length + envelope.length;
  for (const buffer of buffers) {
    const padding = -position & 7;
    parts.push(Buffer.alloc(padding), buffer);
    position += padding + buffer.length;
  }
  return parts;
}
