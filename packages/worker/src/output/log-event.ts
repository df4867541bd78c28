import type { LogRecord } from '@pypool/protocol';
import type { OutputLine } from './line-builder.js';
import type { OutputCall } from './output-call.js';
import { printable, printableLines } from './printable.js';

/** Which worker a {@link LogEvent} comes from. */
export interface LogOrigin {
  readonly workerId: string;
  readonly pid: number;
  readonly slot: number;
}

/** Something that Python code said: a record of `logging`, a warning, or a line that was printed. Free of control sequences. */
export interface LogEvent extends LogOrigin, OutputCall {
  readonly source: 'logging' | 'warnings' | 'stdout' | 'stderr';
  /** As `logging` names it, `'WARNING'` for a warning; `null` for a line. */
  readonly level: string | null;
  /** `'py.warnings'` for a warning; `null` for a line. */
  readonly logger: string | null;
  /** The text, or the line. */
  readonly message: string;
  /** The traceback that was logged with it. */
  readonly exception: string | null;
  /** When, in milliseconds since the Unix epoch: when it was logged, or when the line was read. */
  readonly time: number;
  /** Handlers that were configured in Python took it as well; what they wrote to stderr comes as lines. */
  readonly handled: boolean;
  /** How many records of this worker were lost before it: they came faster than they could be sent. */
  readonly dropped: number;
  /** Of a record: the span that it was logged in, as W3C Trace Context writes it, where its call is traced. */
  readonly traceparent?: string;
}

/** The event of a record. */
export function eventOfRecord(record: LogRecord, { workerId, pid, slot }: LogOrigin): LogEvent {
  const { source, callId, function: name, session, exception, handled, dropped, traceparent } = record;
  return {
    source,
    level: printable(record.level),
    logger: printable(record.logger),
    message: printableLines(record.message),
    exception: exception === null ? null : printableLines(exception),
    callId,
    function: name,
    sessionId: session,
    workerId,
    pid,
    slot,
    time: record.time * 1000,
    handled,
    dropped,
    ...(traceparent !== undefined && { traceparent: printable(traceparent) }),
  };
}

/** The event of a line, which is printable already. */
export function eventOfLine(
  source: 'stdout' | 'stderr',
  { line, callId, function: name, sessionId }: OutputLine,
  { workerId, pid, slot }: LogOrigin,
): LogEvent {
  return {
    source,
    level: null,
    logger: null,
    message: line,
    exception: null,
    callId,
    function: name,
    sessionId,
    workerId,
    pid,
    slot,
    time: Date.now(),
    handled: false,
    dropped: 0,
  };
}

/** An event of a record as lines for people. */
export function linesOf({ level, logger, message, exception, dropped }: LogEvent): string[] {
  const lost =
    dropped > 0
      ? [`(${dropped} records of logging were dropped: they came faster than they could be sent)`]
      : [];
  const text = `${level} ${logger}: ${message}${exception === null ? '' : `\n${exception}`}`;
  return [...lost, ...text.split('\n')];
}
