import { createTraceState, TraceFlags } from '@opentelemetry/api';
import { expect, it } from 'vitest';

import { spanContextOf, traceContextOf } from './trace-context.js';

const IDS = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

it('writes a span as the W3C does, and reads it back', () => {
  const traceState = createTraceState('vendor=1');
  const written = traceContextOf({ ...IDS, traceFlags: TraceFlags.SAMPLED, traceState });
  expect(written).toEqual({ traceparent: `00-${IDS.traceId}-${IDS.spanId}-01`, tracestate: 'vendor=1' });
  expect(spanContextOf(written!.traceparent)).toEqual({ ...IDS, traceFlags: 1, isRemote: true });
});

it('writes nothing of a span that is none, as without an SDK', () => {
  const none = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 };
  expect(traceContextOf(none)).toBeUndefined();
});

it.each([undefined, '', 'nonsense', `00-${'0'.repeat(32)}-${IDS.spanId}-01`])(
  'reads nothing of %s',
  (text) => {
    expect(spanContextOf(text)).toBeUndefined();
  },
);
