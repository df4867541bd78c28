import {
  FrameType,
  parseError,
  parseItems,
  type Frame,
  type OutgoingCall,
  type PypoolError,
  type ValueCodec,
} from '@pypool/protocol';
import { withRemedy, type Remedies } from '../remedies/remedies.js';
import { notReturned, protocolViolation } from './errors.js';

/** From whom a reply is, and how it is read. */
export interface ReplyFrom {
  readonly workerId: string;
  readonly codec: ValueCodec;
  readonly remedies?: Remedies | undefined;
}

/**
 * What a frame of the reply channel says to its call: a value, an error, or items.
 *
 * @throws PypoolError `protocol` for what no runtime may say, `unencodable` for a value of a type that is not registered here.
 */
export function readReply(frame: Frame, call: OutgoingCall, from: ReplyFrom): unknown {
  const { workerId, codec } = from;
  if (frame.placed !== undefined)
    throw protocolViolation(workerId, 'a buffer in shared memory, which it does not share');
  switch (frame.type) {
    case FrameType.RESULT:
      return codec.decode(frame);
    case FrameType.ERROR:
      return errorOf(frame, call, from);
    case FrameType.ITEM:
      if (call.kind !== 'stream')
        throw protocolViolation(workerId, `an item for ${call.name}, which is no stream`);
      return parseItems(frame, codec);
    default:
      throw protocolViolation(workerId, `a reply of type ${frame.type}`);
  }
}

function errorOf(frame: Frame, call: OutgoingCall, { workerId, codec, remedies }: ReplyFrom): PypoolError {
  const error = parseError(frame, codec, { function: call.name, workerId });
  if (error.code === 'frame-too-large') return notReturned(error, call.name);
  return withRemedy(error, remedies?.onRaised(error) ?? '');
}
