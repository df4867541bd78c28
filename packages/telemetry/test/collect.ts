import { fileURLToPath } from 'node:url';
import { context, trace, type TracerProvider } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  type MetricData,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** The module that these tests serve. */
export const SHOP = fileURLToPath(new URL('fixtures/shop.py', import.meta.url));

/** Spans, kept in memory when they have ended; and how many have begun. */
export function spansInMemory(sampler?: Sampler): {
  provider: TracerProvider;
  spans: () => ReadableSpan[];
  begun: () => number;
} {
  const exporter = new InMemorySpanExporter();
  let begun = 0;
  class Counting extends SimpleSpanProcessor {
    override onStart(): void {
      begun += 1;
    }
  }
  const provider = new BasicTracerProvider({
    spanProcessors: [new Counting(exporter)],
    ...(sampler && { sampler }),
  });
  return { provider, spans: () => exporter.getFinishedSpans(), begun: () => begun };
}

/** Metrics, kept in memory: each data point by the name of its metric. */
export function metricsInMemory(): {
  provider: MeterProvider;
  collect: () => Promise<Map<string, MetricData>>;
  close: () => Promise<void>;
} {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  // Never by itself: only when it is asked for.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 });
  const provider = new MeterProvider({ readers: [reader] });
  const collect = async () => {
    exporter.reset();
    await reader.forceFlush();
    const found = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((each) => each.metrics));
    return new Map(found.map((metric) => [metric.descriptor.name, metric]));
  };
  return { provider, collect, close: () => provider.shutdown() };
}

/** Have `context.active()` follow what is awaited, as the SDK of an application does. */
export function useContexts(): () => void {
  const manager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  return () => {
    manager.disable();
    context.disable();
    trace.disable();
  };
}
