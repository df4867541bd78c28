import { FrameType, type Frame } from '@pypool/protocol';

export const MIB = 1024 * 1024;

/** A PING. */
export const ping: Frame = {
  type: FrameType.PING,
  tagged: false,
  callId: 0,
  envelope: '{"n":1}',
  buffers: [],
};

/** A CALL as conformance peers understand it: a command and what it is about. */
export function call(callId: number, envelope: readonly unknown[]): Frame {
  return { type: FrameType.CALL, tagged: false, callId, envelope: JSON.stringify(envelope), buffers: [] };
}

/** Bytes in which a displaced or missing piece shows. */
export function bytes(length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) buffer[at] = at * 7 + (at >>> 12);
  return buffer;
}
