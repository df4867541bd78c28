import { type Attributes, type Context, ROOT_CONTEXT, trace } from '@opentelemetry/api';

import { ATTR } from '../semconv.js';
import { spanContextOf } from '../traces/trace-context.js';
import type { LogSource, PythonLog } from './python-log.js';

/** What is emitted for each record: a part of `LogRecord` of `@opentelemetry/api-logs`. */
export interface OtelLogRecord {
  readonly timestamp: number;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body: string;
  readonly attributes: Attributes;
  readonly context: Context;
}

/** Where records go: what `logs.getLogger()` of `@opentelemetry/api-logs` gives. That package is the application's to choose; this one does not need it. */
export interface OtelLogger {
  emit(record: OtelLogRecord): void;
}

/**
 * Make a log record of OpenTelemetry of everything that Python logs or prints, with the trace of its call. While this listens, nothing of it goes to
 * this process's stderr.
 *
 * @returns ends it
 */
export function emitLogs(source: LogSource, logger: OtelLogger): () => void {
  const listener = (log: PythonLog): void => logger.emit(otelRecordOf(log));
  source.on('log', listener);
  return () => source.off('log', listener);
}

/** Numbers of the log data model. A line that was printed on stdout counts as INFO; what has another level has none. */
const SEVERITIES: Readonly<Record<string, number>> = {
  DEBUG: 5,
  INFO: 9,
  WARNING: 13,
  ERROR: 17,
  CRITICAL: 21,
};

function otelRecordOf(log: PythonLog): OtelLogRecord {
  const severityText = log.level ?? (log.source === 'stdout' ? 'INFO' : undefined);
  const severityNumber = severityText === undefined ? undefined : SEVERITIES[severityText];
  const span = spanContextOf(log.traceparent);
  return {
    timestamp: log.time,
    ...(severityNumber !== undefined && { severityNumber }),
    ...(severityText !== undefined && { severityText }),
    body: log.message,
    attributes: attributesOf(log),
    context: span === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, span),
  };
}

function attributesOf(log: PythonLog): Attributes {
  return {
    [ATTR.LOG_SOURCE]: log.source,
    [ATTR.WORKER_ID]: log.workerId,
    [ATTR.PROCESS_PID]: log.pid,
    ...(log.logger !== null && { [ATTR.LOGGER_NAME]: log.logger }),
    ...(log.function !== null && { [ATTR.CODE_FUNCTION_NAME]: log.function }),
    ...(log.sessionId !== null && { [ATTR.SESSION_ID]: log.sessionId }),
    ...(log.exception !== null && { [ATTR.EXCEPTION_STACKTRACE]: log.exception }),
  };
}
