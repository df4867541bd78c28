import type { z } from 'zod';
import type { PypoolError } from '../errors/error.js';
import { protocolError } from '../errors/protocol-error.js';
import { pythonErrorFrom } from '../errors/python-error-from.js';
import { type Frame, FrameType } from '../frame/frame.js';
import { type ValueCodec, createValueCodec } from '../value/codec.js';
import type {
  CallIds,
  Cancel,
  Credit,
  Dumped,
  Hello,
  LogRecord,
  Mapped,
  Ping,
  Pong,
  Pull,
  Ready,
  RuntimeEvent,
  SegmentIds,
  Welcome,
} from './messages.js';
import { ENVELOPE_SCHEMAS } from './schemas.js';

/** Control messages hold no values of the application, except inside errors. */
const plain = createValueCodec();

/** Read a HELLO. @throws CommunicationError `protocol`, like all of these. */
export function parseHello(frame: Frame): Hello {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.HELLO]);
}

/** Read a WELCOME. */
export function parseWelcome(frame: Frame): Welcome {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.WELCOME]);
}

/** Read a READY. */
export function parseReady(frame: Frame): Ready {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.READY]);
}

/** Read a PING. */
export function parsePing(frame: Frame): Ping {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.PING]);
}

/** Read a PONG. */
export function parsePong(frame: Frame): Pong {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.PONG]);
}

/** Read a CANCEL. */
export function parseCancel(frame: Frame): Cancel {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.CANCEL]);
}

/** Read a CREDIT. */
export function parseCredit(frame: Frame): Credit {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.CREDIT]);
}

/** Read a REVOKED. */
export function parseRevoked(frame: Frame): CallIds {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.REVOKED]);
}

/** Read a PULL. */
export function parsePull(frame: Frame): Pull {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.PULL]);
}

/** Read a LOG. */
export function parseLog(frame: Frame): LogRecord {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.LOG]);
}

/** Read a DUMPED. */
export function parseDumped(frame: Frame): Dumped {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.DUMPED]);
}

/** Read a MAPPED. */
export function parseMapped(frame: Frame): Mapped {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.MAPPED]);
}

/** Read a RELEASED or an UNMAPPED. */
export function parseSegments(frame: Frame): SegmentIds {
  return parse(frame, ENVELOPE_SCHEMAS[FrameType.RELEASED]);
}

/** Read an EVENT. */
export function parseEvent(frame: Frame, codec: ValueCodec = plain): RuntimeEvent {
  const { event, message, error } = parse(frame, ENVELOPE_SCHEMAS[FrameType.EVENT], codec);
  return { event, message, error: error === undefined ? undefined : pythonErrorFrom(error) };
}

/** Read the error of an ERROR or START_FAILED. @param about - facts for its context, see {@link pythonErrorFrom} */
export function parseError(
  frame: Frame,
  codec: ValueCodec = plain,
  about?: Readonly<Record<string, unknown>>,
): PypoolError {
  return pythonErrorFrom(codec.decode(frame), about);
}

/** Read the items of an ITEM: one or more, in order. */
export function parseItems(frame: Frame, codec: ValueCodec): unknown[] {
  const items = codec.decode(frame);
  if (!Array.isArray(items) || items.length === 0) throw protocolError('an ITEM is not an array of items');
  return items;
}

function parse<T>(frame: Frame, schema: z.ZodType<T>, codec: ValueCodec = plain): T {
  const result = schema.safeParse(codec.decode(frame));
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw protocolError(
    `a message of type ${frame.type} is not as agreed: ${issue.message} at "${issue.path.join('.')}"`,
    { type: frame.type },
  );
}
