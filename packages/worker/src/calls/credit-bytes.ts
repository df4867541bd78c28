import type { Frame } from '@pypool/protocol';

/** What a frame of items takes of credit in bytes, as SPEC.md section 3 counts it. */
export function creditBytesOf({ envelope, buffers }: Frame): number {
  let bytes = Buffer.byteLength(envelope);
  for (const buffer of buffers) bytes += buffer.byteLength;
  return bytes;
}
