import { FrameType, type Frame } from '@pypool/protocol';

/** Where any array may begin. */
const ALIGNED_BYTES = 8;

/** So many bytes of a caller's memory; `undefined` where there is none, or too little, or an array could not begin there. */
export function partOf(into: ArrayBufferView | undefined, bytes: number): Uint8Array | undefined {
  if (into === undefined || into.byteLength < bytes || into.byteOffset % ALIGNED_BYTES !== 0)
    return undefined;
  return new Uint8Array(into.buffer, into.byteOffset, bytes);
}

/** A result as it is, with its first buffer in its caller's memory, where there is any: what came through shared memory lies there already. */
export function readInto(frame: Frame, into: ArrayBufferView | undefined): Frame {
  const [first, ...others] = frame.buffers;
  if (frame.type !== FrameType.RESULT || first === undefined || first.byteLength === 0) return frame;
  const target = partOf(into, first.byteLength);
  if (target === undefined || target.buffer === first.buffer) return frame;
  target.set(first);
  return { ...frame, buffers: [target, ...others] };
}
