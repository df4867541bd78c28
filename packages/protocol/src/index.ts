// Errors
export { CATEGORY_OF, PypoolError, isPypoolError } from './errors/error.js';
export type { ErrorCategory, ErrorCode, Outcome, PypoolErrorDetails } from './errors/error.js';
export {
  AbortError,
  CommunicationError,
  ResourceError,
  SystemError,
  TimeoutError,
  UsageError,
} from './errors/errors.js';
export { PythonError } from './errors/python-error.js';
export type { PythonErrorDetails, PythonFailure, PythonFrame } from './errors/python-error.js';
export { createError } from './errors/create-error.js';
export { addCallSite, rejectWithSite } from './errors/call-site.js';
export { openerStack } from './errors/opener-stack.js';
export { throwLater } from './errors/throw-later.js';
export { pythonErrorFrom } from './errors/python-error-from.js';

// Time
export { atEndOfTurn } from './turn/end-of-turn.js';

// Options
export { checkListener } from './options/check-listener.js';
export { checkOptions } from './options/check-options.js';
export type { OptionsSchema } from './options/check-options.js';
export { nearest } from './options/nearest.js';
export { implementing } from './options/implementing.js';
export { noSuchOption } from './options/no-such-option.js';
export { shown } from './options/shown.js';

// Calls
export type { CallMeta, FunctionFacts, OutgoingCall } from './call/outgoing-call.js';
export type { SharedMemoryUse } from './call/shared-memory-use.js';
export type { DumpedCall, DumpedTask, DumpedThread, WorkerDump } from './call/worker-dump.js';
export { encodeCallEnvelope } from './call/call-envelope.js';
export type { WireMeta } from './call/call-envelope.js';
export { callInputs } from './call/call-inputs.js';
export type { CallInputs, InputSource } from './call/call-inputs.js';
export { ItemStream } from './call/item-stream.js';
export { STREAM_CREDIT } from './call/stream-credit.js';
export type { ItemStreamOptions } from './call/item-stream.js';

// Frames
export { DEFAULT_LIMITS, FrameType } from './frame/frame.js';
export type { Frame, FrameLimits, PlacedBuffer } from './frame/frame.js';
export { CONTROL_FROM_NODE, CONTROL_FROM_PYTHON, REPLY_TYPES, REQUEST_TYPES } from './frame/channels.js';
export { FrameEncoder, checkFrame } from './frame/encoder.js';
export { FrameDecoder } from './frame/decoder.js';
export type { FrameDecoderOptions } from './frame/decoder.js';

// Values
export { createValueCodec } from './value/codec.js';
export type { EncodedEnvelope, EncodedValue, ValueCodec, ValueCodecOptions } from './value/codec.js';
export type { ValueType } from './value/value-type.js';
export { approximateBytes } from './value/weight.js';
export { isPlainObject } from './value/plain.js';
export { NdArray, ndarray } from './value/ndarray.js';
export { ArrowIpc, arrowIpc, arrowType } from './value/arrow.js';
export type { ArrowLibrary } from './value/arrow.js';
export type { Dtype, TypedArray } from './value/dtype.js';
export {
  PythonCollection,
  PythonValue,
  decimal,
  pyComplex,
  pyDate,
  pyDatetime,
  pyFloat,
  pyFrozenSet,
  pyTime,
  pyTimedelta,
  pyTuple,
  uuid,
} from './value/python-value.js';
export type { PythonValueType } from './value/python-value.js';

// Messages
export { encodeMessage } from './message/encode.js';
export type { ControlMessages } from './message/encode.js';
export {
  parseCancel,
  parseCredit,
  parseDumped,
  parseError,
  parseEvent,
  parseHello,
  parseItems,
  parseLog,
  parseMapped,
  parsePing,
  parsePong,
  parsePull,
  parseReady,
  parseRevoked,
  parseSegments,
  parseWelcome,
} from './message/parse.js';
export type {
  CallIds,
  Cancel,
  Credit,
  Dumped,
  ExposedFunction,
  FunctionParameter,
  FunctionSignature,
  HintedType,
  Hello,
  InputEnd,
  LogRecord,
  MapSegment,
  Mapped,
  Ping,
  Pong,
  Pull,
  Ready,
  RuntimeEvent,
  SegmentId,
  SegmentIds,
  Welcome,
  WelcomeModule,
  WelcomeRlimit,
} from './message/messages.js';
export { PROTOCOL_VERSION, negotiate } from './message/version.js';
export type { VersionRange } from './message/version.js';
