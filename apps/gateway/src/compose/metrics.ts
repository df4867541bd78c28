import type { IncomingMessage, ServerResponse } from 'node:http';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { measurePool, type ObservablePool } from '@pypool/telemetry';

/** The metrics of a pool, for Prometheus to ask for. */
export interface Metrics {
  /** Answer a scrape. */
  answer(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

/** Measure a pool. The exporter is asked through our own server, and starts none. */
export function collectMetrics(pool: ObservablePool): Metrics {
  // Of the process it would tell what Node is called and where it is; the pool's name is on each metric.
  const exporter = new PrometheusExporter({ preventServerStart: true, withoutTargetInfo: true });
  const provider = new MeterProvider({ readers: [exporter] });
  const end = measurePool(pool, { meterProvider: provider });
  return {
    answer: (request, response) => exporter.getMetricsRequestHandler(request, response),
    async close() {
      end();
      await provider.shutdown();
    },
  };
}
