import { trace } from '@opentelemetry/api';
import { logs as otelLogs } from '@opentelemetry/api-logs';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { pino } from 'pino';
import { createPythonPool, type PythonPool } from 'pypool';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { ATTR, attachTelemetry, pinoLogs } from '../src/index.js';
import { SHOP, spansInMemory, useContexts } from './collect.js';

const WAIT = { timeout: 20_000 };

let pool: PythonPool;
let endContexts: () => void;

beforeAll(async () => {
  endContexts = useContexts();
  pool = await createPythonPool({ module: SHOP, size: 1, name: 'shop' });
});

afterAll(async () => {
  await pool.close();
  endContexts();
});

it('makes records of OpenTelemetry of what Python logs, in the trace of its call', async () => {
  const { provider, spans } = spansInMemory();
  const exporter = new InMemoryLogRecordExporter();
  const loggers = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
  const end = attachTelemetry(pool, {
    traces: { tracerProvider: provider },
    metrics: false,
    logs: loggers.getLogger('python'),
  });
  await pool.session('user-42').call('sell', ['tea']);
  // Records of the tests before may come in between.
  const record = await vi.waitUntil(
    () => exporter.getFinishedLogRecords().find(({ body }) => body === 'sold tea'),
    WAIT,
  );
  end();
  const { traceId, spanId } = spans()
    .find(({ name }) => name === 'sell')!
    .spanContext();
  expect(record).toMatchObject({ body: 'sold tea', severityText: 'WARNING', severityNumber: 13 });
  expect(record.spanContext).toMatchObject({ traceId, spanId });
  expect(record.attributes).toMatchObject({
    [ATTR.LOG_SOURCE]: 'logging',
    [ATTR.LOGGER_NAME]: 'shop',
    [ATTR.CODE_FUNCTION_NAME]: 'sell',
    [ATTR.SESSION_ID]: 'user-42',
    [ATTR.WORKER_ID]: expect.stringMatching(/^shop-/),
    [ATTR.PROCESS_PID]: expect.any(Number),
  });
});

it('hands what Python logs to pino, with its ids', async () => {
  const { provider, spans } = spansInMemory();
  const written: Record<string, unknown>[] = [];
  const logger = pino(
    {},
    { write: (line: string) => void written.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const endTraces = attachTelemetry(pool, { traces: { tracerProvider: provider }, metrics: false });
  const end = pinoLogs(pool, logger);
  await pool.call('sell', ['bread']);
  const line = await vi.waitUntil(() => written.find(({ msg }) => msg === 'sold bread'), WAIT);
  end();
  endTraces();
  const { traceId, spanId } = spans()
    .find(({ name }) => name === 'sell')!
    .spanContext();
  expect(line).toMatchObject({
    level: 40,
    msg: 'sold bread',
    logger: 'shop',
    function: 'sell',
    trace_id: traceId,
    span_id: spanId,
  });
});

it('attaches nothing where an option is wrong', async () => {
  const provider = spansInMemory().provider;
  const wrong = { traces: { tracerProvider: provider }, metrics: { meterProvidr: 1 } } as never;
  expect(() => attachTelemetry(pool, wrong)).toThrow('did you mean meterProvider');
  expect(() => attachTelemetry(pool, { logger: otelLogs.getLogger('x') } as never)).toThrow('no such option');
  expect(await pool.call('sell', ['milk'])).toEqual([null, null]);
  expect(trace.getActiveSpan()).toBeUndefined();
});
