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

// Calls
export type { CallMeta, OutgoingCall } from './call/outgoing-call.js';

// Frames
export { DEFAULT_LIMITS, FrameType } from './frame/frame.js';
export type { Frame, FrameLimits } from './frame/frame.js';
export { CONTROL_FROM_NODE, CONTROL_FROM_PYTHON, REPLY_TYPES, REQUEST_TYPES } from './frame/channels.js';
export { FrameEncoder } from './frame/encoder.js';
export { FrameDecoder } from './frame/decoder.js';
export type { FrameDecoderOptions } from './frame/decoder.js';
