/** Up to here a sink copies buffers as they are sent; whoever sends may change them then. */
export const COPIED_BYTES = 16 * 1024;

/** The buffers of a frame, with copies of those that a sink would read later: of the caller's memory it reads none then. */
export function ownBuffers(buffers: readonly Uint8Array[]): readonly Uint8Array[] {
  return buffers.map((buffer) => (buffer.byteLength > COPIED_BYTES ? new Uint8Array(buffer) : buffer));
}
