/** Length of the fixed part of a frame. */
export const HEADER_BYTES = 16;

/** Length of one entry of the buffer table. */
export const TABLE_ENTRY_BYTES = 8;

/** The same where buffers lie in shared memory: the length, and the segment. */
export const PLACED_ENTRY_BYTES = 16;

/** What the u16 `bufferCount` can say. */
export const MAX_BUFFERS = 0xffff;

/** Flag bit 0: the envelope holds tagged values. */
export const FLAG_TAGGED = 1;

/** Flag bit 1: buffers lie in shared memory, and the table says in which segments. */
export const FLAG_PLACED = 2;

/** How many bytes bring `offset` to the next multiple of 8. */
export function paddingAt(offset: number): number {
  return -offset & 7;
}

/** Write an unsigned integer of up to 2^53 - 1, byte by byte: several times faster than `writeBigUInt64LE`. */
export function writeU64(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, value % 0x1_0000_0000);
  writeU32(bytes, at + 4, Math.floor(value / 0x1_0000_0000));
}

/** Write an unsigned 32-bit integer. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Read an unsigned 64-bit integer; above 2^53 - 1 it is inexact, yet never below that, so that limits still catch it. */
export function readU64(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) + readU32(bytes, at + 4) * 0x1_0000_0000;
}

/** Read an unsigned 32-bit integer. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
