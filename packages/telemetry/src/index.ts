// All at once
export { attachTelemetry } from './attach-telemetry.js';
export type { TelemetryOptions } from './attach-telemetry.js';
export type { ObservablePool } from './observable-pool.js';

// Traces
export { traceCalls } from './traces/trace-calls.js';
export type { TraceOptions } from './traces/options.js';

// Metrics
export { measurePool } from './metrics/measure-pool.js';
export type { MetricOptions } from './metrics/measure-pool.js';

// Logs
export { emitLogs } from './logs/otel-logs.js';
export type { OtelLogger, OtelLogRecord } from './logs/otel-logs.js';
export { pinoLogs } from './logs/pino-logs.js';
export type { PinoLogger } from './logs/pino-logs.js';
export type { LogSource, PythonLog } from './logs/python-log.js';

// Names
export { ATTR, CALL_BUCKETS, CREATE_BUCKETS, EVENT, METRIC, SCOPE_NAME, SPAN } from './semconv.js';
