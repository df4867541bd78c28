import type { TraceContext } from '@pypool/pool';
import {
  INVALID_SPANID,
  INVALID_TRACEID,
  isSpanContextValid,
  type SpanContext,
  TraceFlags,
} from '@opentelemetry/api';

/** A span as W3C Trace Context writes it, whatever propagator the application uses elsewhere: both ends of this are ours. */
export function traceContextOf(span: SpanContext): TraceContext | undefined {
  // An SDK's spans are valid, and what stands for one without an SDK is not: its checks with patterns would only take time.
  if (span.traceId === INVALID_TRACEID || span.spanId === INVALID_SPANID) return undefined;
  const flags = (span.traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01';
  const traceparent = `00-${span.traceId}-${span.spanId}-${flags}`;
  return { traceparent, tracestate: span.traceState?.serialize() };
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

/** Read what {@link traceContextOf} writes; `undefined` for anything else. */
export function spanContextOf(traceparent: string | undefined): SpanContext | undefined {
  const found = traceparent === undefined ? null : TRACEPARENT.exec(traceparent);
  if (found === null) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = found;
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(context) ? context : undefined;
}
