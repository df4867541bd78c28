import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { attachTelemetry } from '@pypool/telemetry';
import type { PythonPool } from 'pypool';

import { pypool } from './pypool.js';
import type { Subject } from './subject.js';

const SAMPLED = 0.01;
const EXPORT_EVERY_MS = 1_000;

/** Nothing attached. Two of them say how noisy the machine is. */
export const bare = (name: string): Subject => pypool(name);

/** Telemetry was attached once, and is no more. */
export const detached: Subject = pypool('attached, and off again', (pool) => {
  const detaching = metrics(pool)();
  return () => detaching;
});

/** Metrics, read every second. */
export const measured: Subject = pypool('metrics', metrics);

/** Traces of which a hundredth is sampled, in a service that keeps track of contexts. */
export const traced: Subject = pypool('traces, 1 % sampled', (pool) => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const tracerProvider = new BasicTracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(SAMPLED) }),
    spanProcessors: [new BatchSpanProcessor(NOWHERE)],
  });
  const detach = attachTelemetry(pool, { metrics: false, traces: { tracerProvider } });
  return async () => {
    detach();
    await tracerProvider.shutdown();
    context.disable();
  };
});

function metrics(pool: PythonPool): () => Promise<void> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: EXPORT_EVERY_MS });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const detach = attachTelemetry(pool, { traces: false, metrics: { meterProvider } });
  return async () => {
    detach();
    await meterProvider.shutdown();
  };
}

/** Takes spans as a collector that is there does, and keeps none. */
const NOWHERE: SpanExporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
};
