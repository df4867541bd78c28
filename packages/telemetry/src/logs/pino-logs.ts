import { spanContextOf } from '../traces/trace-context.js';
import type { LogSource, PythonLog } from './python-log.js';

/** What is used of a logger: any of pino, or of what logs as it does. */
export type PinoLogger = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error' | 'fatal', (facts: object, message: string) => void>
>;

/** Python's levels to pino's. */
const METHODS: Readonly<Record<string, keyof PinoLogger>> = {
  DEBUG: 'debug',
  WARNING: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
};

/**
 * Hand everything that Python logs or prints to pino, with the ids of its call, trace and session. While this listens, nothing of it goes to this process's
 * stderr.
 *
 * @returns ends it
 */
export function pinoLogs(source: LogSource, logger: PinoLogger): () => void {
  const listener = (log: PythonLog): void => {
    const { message, level, traceparent, time: _, ...facts } = log;
    const span = spanContextOf(traceparent);
    const ids = span && { trace_id: span.traceId, span_id: span.spanId };
    logger[METHODS[level ?? ''] ?? 'info']({ ...facts, ...ids }, message);
  };
  source.on('log', listener);
  return () => source.off('log', listener);
}
