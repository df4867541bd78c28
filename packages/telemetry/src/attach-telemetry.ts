import { checkOptions } from './check-options.js';
import { emitLogs, type OtelLogger } from './logs/otel-logs.js';
import type { LogSource } from './logs/python-log.js';
import { measurePool, type MetricOptions } from './metrics/measure-pool.js';
import type { ObservablePool } from './observable-pool.js';
import type { TraceOptions } from './traces/options.js';
import { traceCalls } from './traces/trace-calls.js';

/** What is attached to a pool, and where it goes. */
export interface TelemetryOptions {
  /** `false`: no spans. @defaultValue to the global provider */
  readonly traces?: TraceOptions | false;
  /** `false`: no metrics. @defaultValue to the global provider */
  readonly metrics?: MetricOptions | false;
  /** The logger that gets what Python logs, of `@opentelemetry/api-logs`. @defaultValue none: logs go where they went */
  readonly logs?: OtelLogger | undefined;
}

/**
 * Attach OpenTelemetry to a pool: traces, metrics and, where there is a logger for them, logs. Register your providers before.
 *
 * @returns takes it off again
 * @throws UsageError `invalid-options`; nothing is attached then
 */
export function attachTelemetry(
  pool: ObservablePool & LogSource,
  options: TelemetryOptions = {},
): () => void {
  checkOptions('attachTelemetry()', options, {
    traces: 'optional object',
    metrics: 'optional object',
    logs: 'object',
  });
  const { traces = {}, metrics = {}, logs } = options;
  const ends: (() => void)[] = [];
  const end = (): void => {
    for (const each of ends.splice(0)) each();
  };
  try {
    if (traces !== false) ends.push(traceCalls(pool, traces));
    if (metrics !== false) ends.push(measurePool(pool, metrics));
    if (logs !== undefined) ends.push(emitLogs(pool, logs));
  } catch (error) {
    end();
    throw error;
  }
  return end;
}
