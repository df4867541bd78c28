import type { Frame, FrameType } from '../frame/frame.js';
import type {
  CallIds,
  Cancel,
  Credit,
  Dumped,
  Hello,
  InputEnd,
  LogRecord,
  MapSegment,
  Mapped,
  Ping,
  Pong,
  Pull,
  Ready,
  SegmentId,
  SegmentIds,
  Welcome,
} from './messages.js';

/** The control messages that hold plain JSON only, by frame type. */
export interface ControlMessages {
  [FrameType.HELLO]: Hello;
  [FrameType.WELCOME]: Welcome;
  [FrameType.READY]: Ready;
  [FrameType.PING]: Ping;
  [FrameType.PONG]: Pong;
  [FrameType.CANCEL]: Cancel;
  [FrameType.CREDIT]: Credit;
  [FrameType.REVOKE]: CallIds;
  [FrameType.REVOKED]: CallIds;
  [FrameType.SHUTDOWN]: Readonly<Record<string, never>>;
  [FrameType.LOG]: LogRecord;
  [FrameType.DUMP]: Ping;
  [FrameType.DUMPED]: Dumped;
  [FrameType.MAP]: MapSegment;
  [FrameType.MAPPED]: Mapped;
  [FrameType.OPENED]: SegmentId;
  [FrameType.RELEASE]: SegmentIds;
  [FrameType.RELEASED]: SegmentIds;
  [FrameType.UNMAP]: SegmentIds;
  [FrameType.UNMAPPED]: SegmentIds;
  [FrameType.PULL]: Pull;
  [FrameType.INPUT_END]: InputEnd;
}

const NO_BUFFERS: readonly Uint8Array[] = Object.freeze([]);

/** Write a control message. `callId` is for those that name a call: CANCEL, CREDIT, PULL and INPUT_END. */
export function encodeMessage<T extends keyof ControlMessages>(
  type: T,
  message: ControlMessages[T],
  callId = 0,
): Frame {
  return { type, tagged: false, callId, envelope: JSON.stringify(message), buffers: NO_BUFFERS };
}
