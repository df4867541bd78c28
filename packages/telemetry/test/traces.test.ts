import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { createPythonPool, type PythonPool } from 'pypool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ATTR, EVENT, SPAN, traceCalls } from '../src/index.js';
import { SHOP, spansInMemory, useContexts } from './collect.js';

let pool: PythonPool;
let folder: string;
let endContexts: () => void;

beforeAll(async () => {
  endContexts = useContexts();
  folder = await mkdtemp(join(tmpdir(), 'pypool-telemetry-'));
  pool = await createPythonPool({ module: SHOP, size: 1, overflow: 0, name: 'shop' });
  pool.on('log', () => undefined); // off this process's stderr
});

afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true });
  endContexts();
});

/** The spans that a test makes of its calls. */
async function traced(
  run: () => Promise<unknown>,
  options: Parameters<typeof traceCalls>[1] = {},
): Promise<ReadableSpan[]> {
  const { provider, spans } = spansInMemory();
  const end = traceCalls(pool, { tracerProvider: provider, ...options });
  await run().finally(end);
  return spans();
}

describe('a call', () => {
  it('is a span of its caller, whose context reaches Python', async () => {
    const { provider, spans } = spansInMemory();
    const end = traceCalls(pool, { tracerProvider: provider });
    const request = provider.getTracer('test').startSpan('request');
    const result = await context.with(trace.setSpan(context.active(), request), () =>
      pool.session('user-42').call<unknown[]>('sell', ['tea']),
    );
    end();
    const [span] = spans();
    const { traceId, spanId } = span!.spanContext();
    expect(result).toEqual([`00-${traceId}-${spanId}-01`, null]);
    expect(traceId).toBe(request.spanContext().traceId);
    expect(span!.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
    expect([span!.name, span!.kind, span!.status.code]).toEqual([
      'sell',
      SpanKind.CLIENT,
      SpanStatusCode.UNSET,
    ]);
    expect(span!.attributes).toMatchObject({
      [ATTR.RPC_SYSTEM_NAME]: 'pypool',
      [ATTR.RPC_METHOD]: 'sell',
      [ATTR.POOL_NAME]: 'shop',
      [ATTR.CALL_KIND]: 'call',
      [ATTR.SESSION_ID]: 'user-42',
      [ATTR.ATTEMPTS]: 1,
      [ATTR.QUEUE_WAIT]: expect.any(Number),
      [ATTR.USE_TIME]: expect.any(Number),
    });
    expect(span!.events).toMatchObject([
      {
        name: EVENT.BEGAN,
        attributes: {
          [ATTR.WORKER_ID]: expect.stringMatching(/^shop-\d/),
          [ATTR.PROCESS_PID]: expect.any(Number),
        },
      },
    ]);
    request.end();
  });

  it('shows its wait as a span where there was one', async () => {
    const spans = await traced(() => Promise.all([pool.call('sell', [1]), pool.call('sell', [2])]), {
      queueSpanAfterMs: 0,
    });
    const waits = spans.filter(({ name }) => name === SPAN.QUEUE);
    const calls = spans.filter(({ name }) => name === 'sell');
    expect(calls).toHaveLength(2);
    expect(waits.length).toBeGreaterThan(0);
    for (const wait of waits) {
      expect(calls.map((call) => call.spanContext().spanId)).toContain(wait.parentSpanContext?.spanId);
    }
  });

  it('that failed in Python tells the class of its error, and the stack', async () => {
    const [span] = await traced(() => pool.call('fail', ['tea']).catch(() => undefined));
    expect(span!.status).toMatchObject({
      code: SpanStatusCode.ERROR,
      message: expect.stringContaining('no tea'),
    });
    expect(span!.attributes).toMatchObject({
      [ATTR.ERROR_TYPE]: 'builtins.ValueError',
      [ATTR.CALL_OUTCOME]: 'finished',
    });
    const exception = span!.events.find(({ name }) => name === 'exception');
    expect(exception?.attributes).toMatchObject({
      'exception.type': 'builtins.ValueError',
      'exception.stacktrace': expect.stringMatching(/shop\.py[^]*raise ValueError/),
    });
  });

  it('of no function is called _OTHER', async () => {
    const [span] = await traced(() => pool.call('user-17', []).catch(() => undefined), {
      recordExceptions: false,
    });
    expect(span).toMatchObject({
      name: '_OTHER',
      attributes: {
        [ATTR.RPC_METHOD]: '_OTHER',
        [ATTR.RPC_METHOD_ORIGINAL]: 'user-17',
        [ATTR.ERROR_TYPE]: 'unknown-function',
      },
    });
    expect(span!.events.map(({ name }) => name)).toEqual([EVENT.BEGAN]);
  });

  it('that was tried again shows both attempts, and no error', async () => {
    const spans = await traced(() =>
      pool.call('ends_its_process_once', [join(folder, 'once')], { idempotent: true }),
    );
    // The wait for the next worker is a span as well.
    const span = spans.find(({ name }) => name !== SPAN.QUEUE);
    expect(span!.events.map(({ name, attributes }) => [name, attributes?.[ATTR.ATTEMPT]])).toEqual([
      [EVENT.BEGAN, 1],
      [EVENT.RETRIED, 1],
      [EVENT.BEGAN, 2],
    ]);
    expect(span!.status.code).toBe(SpanStatusCode.UNSET);
    expect(span!.attributes[ATTR.ATTEMPTS]).toBe(2);
    expect(span!.attributes[ATTR.ERROR_TYPE]).toBeUndefined();
  });

  it('that is not sampled tells Python so', async () => {
    const { provider, spans } = spansInMemory(new AlwaysOffSampler());
    const end = traceCalls(pool, { tracerProvider: provider });
    const [traceparent] = await pool.call<string[]>('sell', ['tea']);
    end();
    expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(spans()).toEqual([]);
  });

  it('brings no opentelemetry into a Python that does not use it', async () => {
    let imported: unknown;
    await traced(async () => (imported = await pool.call('imported')));
    expect(imported).toEqual([]);
  });
});

it('counts the items of a stream, with one event for the first', async () => {
  const [span] = await traced(async () => {
    for await (const _ of pool.stream('count', [100]));
  });
  expect(span!.attributes).toMatchObject({
    [ATTR.CALL_KIND]: 'stream',
    [ATTR.STREAM_ITEMS]: 100,
    [ATTR.STREAM_BYTES]: expect.any(Number),
  });
  expect(span!.attributes[ATTR.STREAM_BYTES]).toBeGreaterThan(100);
  expect(span!.events.map(({ name }) => name)).toEqual([EVENT.BEGAN, EVENT.FIRST_ITEM]);
});

it('takes a stream that its consumer left for no error', async () => {
  const [span] = await traced(async () => {
    const stream = pool.stream('count', [1_000_000]);
    for await (const item of stream) if (item === 3) break;
    await stream.finished.catch(() => undefined);
  });
  expect(span!.attributes[ATTR.STREAM_LEFT]).toBe(true);
  expect(span!.status.code).toBe(SpanStatusCode.UNSET);
});

it('ends for each call, whatever becomes of that', async () => {
  const { provider, spans, begun } = spansInMemory();
  const own = await createPythonPool({ module: SHOP, size: 1, name: 'ends' });
  traceCalls(own, { tracerProvider: provider, queueSpanAfterMs: Infinity });
  const never = join(folder, 'never');
  /** What the span says of a call that has just been settled. */
  const errorOf = async (settled: Promise<unknown>) => {
    await settled.catch(() => undefined);
    return spans().at(-1)!.attributes[ATTR.ERROR_TYPE];
  };
  expect(await errorOf(own.call('sell', [1], { timeoutMs: -1 }))).toBe('invalid-options');
  expect(await errorOf(own.call('sell', [1], { signal: AbortSignal.abort() }))).toBe('aborted');
  expect(await errorOf(own.call('sell', [{ no: () => 1 }]))).toBe('unencodable');

  const items = own.stream('runs_out_after', [3]);
  const read = async () => {
    for await (const _ of items);
  };
  expect(await errorOf(read())).toBe('builtins.ValueError');
  expect(spans().at(-1)!.attributes[ATTR.STREAM_ITEMS]).toBe(3);

  const [running, waiting] = [new AbortController(), new AbortController()];
  const calls = [
    own.call('waits_until', [never], { signal: running.signal }),
    own.call('sell', [1], { signal: waiting.signal }),
  ] as const;
  waiting.abort();
  expect(await errorOf(calls[1])).toBe('aborted');
  running.abort();
  expect(await errorOf(calls[0])).toBe('aborted');
  const killed = own.call('waits_until', [never]);
  process.kill(own.status().workers[0]!.facts['pid'] as number, 'SIGKILL');
  expect(await errorOf(killed)).toBe('worker-exited');

  const left = Promise.allSettled([own.call('waits_until', [never]), own.call('sell', [1])]);
  await own.close({ timeoutMs: 0 });
  await left;
  expect(await errorOf(own.call('sell', [1]))).toBe('pool-closed');
  expect(
    spans()
      .slice(-3)
      .map(({ attributes }) => attributes[ATTR.ERROR_TYPE]),
  ).toEqual(Array.from({ length: 3 }, () => 'pool-closed'));
  expect([spans().length, begun()]).toEqual([10, 10]);
});

it('leaves calls alone once it has ended', async () => {
  const { provider, spans } = spansInMemory();
  traceCalls(pool, { tracerProvider: provider })();
  expect(await pool.call('sell', ['tea'])).toEqual([null, null]);
  expect(spans()).toEqual([]);
});

it('refuses options that there are not', () => {
  expect(() => traceCalls(pool, { tracerProvidr: {} } as never)).toThrow('did you mean tracerProvider');
  expect(() => traceCalls(pool, { queueSpanAfterMs: -1 })).toThrow('a number of at least 0');
});
