import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, expect, it } from 'vitest';
import { gatewayFor, post } from './gateway-for.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const headers = { traceparent: `00-${TRACE}-${SPAN}-01` };

afterEach(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

it.each(['call', 'sessions/me/call'])(
  'POST /%s/NAME joins the trace of its request, in Node and in Python',
  async (path) => {
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
    );
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    await using gateway = await gatewayFor();
    const url = `${gateway.url}/${path}`;
    const answer = await post(`${url}/told`, undefined, { headers });
    const { traceparent } = (await answer.json()) as { traceparent: string };
    await (await post(`${url}/count`, [2], { headers })).text();
    await (await post(`${url}/echo`, ['of no trace'])).text();
    const [told, count, alone] = exporter.getFinishedSpans();
    expect(traceparent).toBe(`00-${TRACE}-${told!.spanContext().spanId}-01`);
    for (const [span, name] of [
      [told!, 'told'],
      [count!, 'count'],
    ] as const) {
      expect(span.name).toBe(name);
      expect([span.spanContext().traceId, span.parentSpanContext?.spanId]).toEqual([TRACE, SPAN]);
    }
    expect([alone!.name, alone!.parentSpanContext]).toEqual(['echo', undefined]);
  },
);

it('with no SDK nothing is traced, and Python told of nothing', async () => {
  await using gateway = await gatewayFor();
  const response = await post(`${gateway.url}/call/told`, undefined, { headers });
  expect(await response.json()).toMatchObject({ traceparent: null });
});
