import { inspect } from 'node:util';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { attachTelemetry } from '@pypool/telemetry';
import type { PythonPool, PythonPoolEvents } from 'pypool';
import { expect, it, vi } from 'vitest';
import { dspyFor, KEY, local, needsDspy, SLOW_MS } from '../dspy-for.js';
import { modelServer } from '../model-server/model-server.js';

needsDspy();

/** Everything that a pool tells of what happens in it. */
const EVENTS: readonly (keyof PythonPoolEvents)[] = [
  'output',
  'log',
  'thread-exception',
  'worker-starting',
  'worker-ready',
  'worker-start-failed',
  'worker-retiring',
  'worker-exit',
  'call-retried',
  'suggestion',
  'launcher-fallback',
];

/** All there is in values, their causes and hidden fields too. */
function everything(values: readonly unknown[]): string {
  return inspect(values, {
    depth: Infinity,
    showHidden: true,
    getters: true,
    maxArrayLength: null,
    maxStringLength: null,
    breakLength: Infinity,
  });
}

function watch(pool: PythonPool) {
  const events: unknown[] = [];
  for (const name of EVENTS) pool.on(name, (event: unknown) => events.push([name, event]));
  const spans = new InMemorySpanExporter();
  const logs = new InMemoryLogRecordExporter();
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 2 ** 31 - 1 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const detach = attachTelemetry(pool, {
    traces: {
      tracerProvider: new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
    },
    metrics: { meterProvider },
    logs: new LoggerProvider({
      processors: [new SimpleLogRecordProcessor({ exporter: logs })],
    }).getLogger('python'),
  });
  return {
    events,
    async telemetry() {
      await reader.forceFlush();
      const seen = {
        spans: spans.getFinishedSpans().map(({ name, attributes, events: its, status }) => ({
          name,
          attributes,
          its,
          status,
        })),
        logs: logs.getFinishedLogRecords().map(({ body, attributes }) => ({ body, attributes })),
        metrics: metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics),
      };
      detach();
      await meterProvider.shutdown();
      return seen;
    },
  };
}

it(
  'has no key in any log, error, event or telemetry, even where the model says it',
  async () => {
    const printed: string[] = [];
    const streams = (['stdout', 'stderr'] as const).map((name) =>
      vi.spyOn(process[name], 'write').mockImplementation((chunk) => printed.push(String(chunk)) > 0),
    );
    await using server = await modelServer();
    await using dspy = await dspyFor(server, { logLevel: 'debug' });
    const watched = watch(dspy.pool);
    const session = dspy.session('keys');
    await session.createProgram('qa', 'question -> answer');
    const errors: unknown[] = [];
    const said = `Incorrect API key provided: ${KEY.value}. You can find it where you left it.`;
    const steps = [
      { status: 401, message: said },
      { status: 400, message: `API key not valid: ${KEY.value}` },
      { status: 429, message: said, retryAfter: '0' },
      { status: 500, message: said },
      { text: said },
    ];
    for (const provider of ['openai', 'gemini']) {
      await session.configureLm(local(server, `${provider}/tells`));
      for (const step of steps) {
        server.always('tells', step);
        errors.push(
          await session.executeProgram('qa', { question: 'why?' }).catch((error: unknown) => error),
        );
        const stream = session.streamProgram('qa', { question: 'why?' });
        errors.push(await stream.next().catch((error: unknown) => error));
      }
      // One that cannot be reached at all, and one whose stack is asked for where it waits.
      await session.configureLm({ ...local(server, `${provider}/tells`), apiBase: 'http://127.0.0.1:9/v1' });
      errors.push(await session.executeProgram('qa', { question: 'why?' }).catch((error: unknown) => error));
      const hold = server.hold(`waits-${provider}`);
      await session.configureLm(local(server, `${provider}/waits-${provider}`));
      const late = session.executeProgram('qa', { question: 'why?' }, { executionTimeoutMs: 500 });
      errors.push(await late.catch((error: unknown) => error));
      hold.release();
    }
    // What is refused is told of, also where a caller has put a key where none belongs.
    const misplaced: Promise<unknown>[] = [
      session.configureLm({ model: 'openai/x', [KEY.value]: 1 }),
      session.configureLm({ model: 'openai/x', apiKeyEnv: KEY.value }),
      session.createProgram('bad', KEY.value),
      session.createProgram('bad', { signature: 'a -> b', [KEY.value]: 1 }),
      session.executeProgram('qa', { [KEY.value]: 1 }),
    ];
    for (const refused of misplaced) errors.push(await refused.catch((error: unknown) => error));
    // DSPy warns of an input that is none of its type, and says it.
    await session.executeProgram('qa', { question: { asked: `is ${KEY.value} right?` } });
    const warned = (event: unknown) => everything([event]).includes('is [key] right?');
    await vi.waitUntil(() => watched.events.some(warned), { timeout: 20_000 });
    const seen = {
      errors: everything(errors) + JSON.stringify(errors),
      events: everything(watched.events),
      telemetry: everything([await watched.telemetry()]),
      stats: everything([await dspy.getStats(), dspy.pool.status(), dspy.pool.sessions.list()]),
      info: everything([session.getProgramInfo('qa'), session.listPrograms(), await dspy.ping()]),
      printed: printed.join(''),
    };
    for (const stream of streams) stream.mockRestore();

    expect(errors.every((error) => error instanceof Error)).toBe(true);
    expect(server.requests.length).toBeGreaterThan(20);
    expect(new Set(server.requests.map(({ key }) => key))).toEqual(new Set([KEY.value]));
    // What was hidden was there to be hidden, and each place has something of these calls.
    expect(seen.errors).toContain('Incorrect API key provided: [key]. You can find it');
    expect(seen.telemetry).toContain('Incorrect API key provided: [key]. You can find it');
    expect(seen.errors).toContain("a model has no '[key]'");
    expect(seen.errors).toContain('program.[key]: there is no such key');
    expect(seen.errors).toMatch(/unknown: \[ '\[key\]'/);
    expect(seen.events).toContain('is [key] right?');
    expect(seen.telemetry).toContain('is [key] right?');
    for (const [where, text] of Object.entries(seen))
      expect([where, text.includes(KEY.value)]).toEqual([where, false]);
  },
  SLOW_MS,
);
