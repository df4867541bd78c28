import type { CallObserver, ObservedCall } from '@pypool/pool';
import { context, SpanKind, trace } from '@opentelemetry/api';

import { checkOptions } from '../check-options.js';
import type { ObservablePool } from '../observable-pool.js';
import { ATTR, RPC_SYSTEM, SCOPE_NAME } from '../semconv.js';
import { CallSpan, UnsampledSpan } from './call-span.js';
import type { TraceOptions } from './options.js';
import { traceContextOf } from './trace-context.js';

/**
 * Make a span of each call and stream of a pool, a child of the span that is active where the call is made. Its context travels to Python: where
 * `opentelemetry` is in use there, spans of the handler become its children.
 *
 * @returns ends it; calls that are under way keep their spans
 * @throws UsageError `invalid-options`
 */
export function traceCalls(pool: Pick<ObservablePool, 'observe'>, options: TraceOptions = {}): () => void {
  checkOptions('traceCalls()', options, {
    tracerProvider: 'object',
    queueSpanAfterMs: 'number',
    recordExceptions: 'boolean',
  });
  const { tracerProvider = trace, queueSpanAfterMs = 1, recordExceptions = true } = options;
  const tracer = tracerProvider.getTracer(SCOPE_NAME);
  const resolved = { queueSpanAfterMs, recordExceptions };
  const observer: CallObserver = {
    onSubmitted(call) {
      const parent = context.active();
      const span = tracer.startSpan(
        call.name,
        { kind: SpanKind.CLIENT, attributes: attributesOf(call) },
        parent,
      );
      const told = traceContextOf(span.spanContext());
      return span.isRecording()
        ? new CallSpan(call, span, told, parent, tracer, resolved)
        : new UnsampledSpan(span, told);
    },
  };
  return pool.observe(observer);
}

function attributesOf({ pool, kind, name, session }: ObservedCall) {
  return {
    [ATTR.RPC_SYSTEM_NAME]: RPC_SYSTEM,
    [ATTR.RPC_METHOD]: name,
    [ATTR.POOL_NAME]: pool,
    [ATTR.CALL_KIND]: kind,
    ...(session && { [ATTR.SESSION_ID]: session.id }),
  };
}
