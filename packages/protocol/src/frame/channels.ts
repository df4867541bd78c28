import { FrameType } from './frame.js';

/** What the requests channel carries, Node to Python. */
export const REQUEST_TYPES: ReadonlySet<number> = new Set([FrameType.CALL, FrameType.HOST_RESULT]);

/** What the replies channel carries, Python to Node. */
export const REPLY_TYPES: ReadonlySet<number> = new Set([
  FrameType.RESULT,
  FrameType.ERROR,
  FrameType.ITEM,
  FrameType.HOST_CALL,
]);

/** What Node may send on control. */
export const CONTROL_FROM_NODE: ReadonlySet<number> = new Set([
  FrameType.WELCOME,
  FrameType.PING,
  FrameType.CANCEL,
  FrameType.CREDIT,
  FrameType.REVOKE,
  FrameType.SHUTDOWN,
  FrameType.DUMP,
  FrameType.MAP,
  FrameType.OPENED,
  FrameType.RELEASE,
  FrameType.UNMAP,
  FrameType.INPUT,
  FrameType.INPUT_END,
]);

/** What Python may send on control. */
export const CONTROL_FROM_PYTHON: ReadonlySet<number> = new Set([
  FrameType.HELLO,
  FrameType.READY,
  FrameType.START_FAILED,
  FrameType.PONG,
  FrameType.REVOKED,
  FrameType.LOG,
  FrameType.EVENT,
  FrameType.DUMPED,
  FrameType.MAPPED,
  FrameType.RELEASED,
  FrameType.UNMAPPED,
  FrameType.PULL,
]);

/** The types whose frames are about one call: their call id is never 0, that of all others always. */
export const CALL_TYPES: ReadonlySet<number> = new Set([
  FrameType.CALL,
  FrameType.RESULT,
  FrameType.ERROR,
  FrameType.ITEM,
  FrameType.HOST_CALL,
  FrameType.HOST_RESULT,
  FrameType.CANCEL,
  FrameType.CREDIT,
  FrameType.PULL,
  FrameType.INPUT,
  FrameType.INPUT_END,
]);

/** The types whose buffers may lie in shared memory: those that carry values of the application. */
export const PLACED_TYPES: ReadonlySet<number> = new Set([FrameType.CALL, FrameType.RESULT, FrameType.ITEM]);
