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
import { createPythonPool, type PythonPool } from 'pypool';

import { programFile, PYTHON } from '../machine/python.js';
import { PAYLOAD, timedCalls, WORKERS } from './subject.js';
import type { RunningSubject, Subject } from './subject.js';

const SAMPLED = 0.01;
const EXPORT_EVERY_MS = 1_000;

/** Attaches something to a pool, and says what takes it off again. */
type Attach = (pool: PythonPool) => () => Promise<void>;

/** As `pypool()`, with what a service that is looked at attaches. */
function observed(name: string, attach: Attach): Subject {
  return {
    name,
    async start(): Promise<RunningSubject> {
      const pool = await createPythonPool({
        module: programFile('pypool_echo.py'),
        python: PYTHON,
        size: WORKERS,
        minReady: WORKERS,
        overflow: 0,
      });
      const detach = attach(pool);
      return {
        calls: (count) => timedCalls(() => pool.call('echo', [PAYLOAD]), count),
        async close() {
          await detach();
          await pool.close({ timeoutMs: 3_000 });
        },
      };
    },
  };
}

/** Nothing attached. Two of them say how noisy the machine is. */
export const bare = (name: string): Subject => observed(name, () => () => Promise.resolve());

/** Telemetry was attached once, and is no more. */
export const detached: Subject = observed('attached, and off again', (pool) => {
  const detaching = metrics(pool)();
  return () => detaching;
});

/** Metrics, read every second. */
export const measured: Subject = observed('metrics', metrics);

/** Traces of which a hundredth is sampled, in a service that keeps track of contexts. */
export const traced: Subject = observed('traces, 1 % sampled', (pool) => {
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
