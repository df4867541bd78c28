import {
  FrameType,
  parseDumped,
  parseError,
  parseEvent,
  parseLog,
  parsePong,
  parsePull,
  parseReady,
  parseRevoked,
  type CallIds,
  type Dumped,
  type ExposedFunction,
  type Frame,
  type LogRecord,
  type Pong,
  type Pull,
  type PypoolError,
  type RuntimeEvent,
} from '@pypool/protocol';
import { protocolViolation } from '../calls/errors.js';
import type { WorkerStateName } from './worker-state.js';

/** Who hears what a runtime says on control. */
export interface ControlReader {
  onHello(frame: Frame): void;
  onReady(functions: readonly ExposedFunction[]): void;
  onStartFailed(error: PypoolError): void;
  onPong(pong: Pong): void;
  onDumped(dumped: Dumped): void;
  onRevoked(revoked: CallIds): void;
  onPull(callId: number, pull: Pull): void;
  onLog(record: LogRecord): void;
  onEvent(event: RuntimeEvent): void;
}

/** In which states the messages of the handshake may come; all others may in any but the first. */
const MAY_COME: Readonly<Record<number, readonly WorkerStateName[]>> = {
  [FrameType.HELLO]: ['handshaking'],
  [FrameType.READY]: ['importing'],
  // Its exit may be known before that is read.
  [FrameType.START_FAILED]: ['importing', 'ending', 'dying'],
};

const AFTER_HELLO: readonly WorkerStateName[] = ['importing', 'ready', 'closing', 'ending', 'dying'];

/**
 * Read one control message and hand it on.
 *
 * Of a worker that is on its way out, what comes late is dropped: it is no offence.
 *
 * @throws PypoolError `protocol` for a message that is malformed or may not come now.
 */
export function receiveControl(
  frame: Frame,
  workerId: string,
  state: WorkerStateName,
  reader: ControlReader,
): void {
  if (!(MAY_COME[frame.type] ?? AFTER_HELLO).includes(state)) {
    if (state === 'ending' || state === 'dying') return;
    throw protocolViolation(workerId, `a control message of type ${frame.type} while ${state}`);
  }
  switch (frame.type) {
    case FrameType.HELLO:
      return reader.onHello(frame);
    case FrameType.READY:
      return reader.onReady(parseReady(frame).functions);
    case FrameType.START_FAILED:
      return reader.onStartFailed(parseError(frame));
    case FrameType.PONG:
      return reader.onPong(parsePong(frame));
    case FrameType.DUMPED:
      return reader.onDumped(parseDumped(frame));
    case FrameType.REVOKED:
      return reader.onRevoked(parseRevoked(frame));
    case FrameType.PULL:
      return reader.onPull(frame.callId, parsePull(frame));
    case FrameType.LOG:
      return reader.onLog(parseLog(frame));
    case FrameType.EVENT:
      return reader.onEvent(parseEvent(frame));
    default:
      throw protocolViolation(workerId, `a control message of type ${frame.type} that was not asked for`);
  }
}
