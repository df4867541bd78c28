import { createError } from '@pypool/protocol';
import { expect, it } from 'vitest';

import { spansInMemory } from '../../test/collect.js';
import { begin, end, ToldCalls } from '../../test/told-calls.js';
import { ATTR, EVENT, SPAN } from '../semconv.js';
import { traceCalls } from './trace-calls.js';

/** The spans of a call that a test tells of, its own last. */
function spansOf(tell: (call: ReturnType<ToldCalls['make']>) => void) {
  const { provider, spans } = spansInMemory();
  const calls = new ToldCalls();
  traceCalls(calls, { tracerProvider: provider });
  tell(calls.make('sell'));
  return spans();
}

const gone = createError({ code: 'worker-exited', message: 'gone', outcome: 'unknown' });
const late = createError({ code: 'checkout-timeout', message: 'late', outcome: 'not-started' });

it('has no wait until a worker began with it where it was taken back and never began', () => {
  const spans = spansOf((call) => {
    call.onBegan?.(begin({ waitMs: 20, aheadMs: 10 }));
    call.onTakenBack?.();
    call.onSettled?.(end({ error: late }));
  });
  expect(spans.map(({ name }) => name)).toEqual(['sell']);
  const [{ attributes, events }] = spans as [(typeof spans)[0]];
  expect(Object.keys(attributes)).not.toContain(ATTR.QUEUE_WAIT);
  expect(Object.keys(attributes)).not.toContain(ATTR.AHEAD_WAIT);
  expect(events.map(({ name }) => name)).toEqual([EVENT.BEGAN, EVENT.TAKEN_BACK, 'exception']);
});

it('has the waits of its last attempt, and a span for each that was long', () => {
  const spans = spansOf((call) => {
    call.onBegan?.(begin({ waitMs: 20, aheadMs: 10 }));
    call.onRetried?.({ attempts: 1, workerId: 'shop-0.1', error: gone });
    call.onBegan?.(begin({ waitMs: 5, aheadMs: 0 }));
    call.onSettled?.(end({ attempts: 2, executionMs: 1 }));
  });
  expect(spans.map(({ name }) => name)).toEqual([SPAN.QUEUE, SPAN.QUEUE, 'sell']);
  expect(spans.slice(0, 2).map(({ duration }) => Math.round(duration[1] / 1e6))).toEqual([20, 5]);
  const { attributes } = spans[2]!;
  expect(attributes[ATTR.QUEUE_WAIT]).toBe(0.005);
  expect(Object.keys(attributes)).not.toContain(ATTR.AHEAD_WAIT);
});

it('of no function is called _OTHER also where its consumer had left', () => {
  const error = createError({ code: 'unknown-function', message: 'no' });
  const [span] = spansOf((call) => call.onSettled?.(end({ error, left: true })));
  expect(span).toMatchObject({ name: '_OTHER', attributes: { [ATTR.RPC_METHOD_ORIGINAL]: 'sell' } });
});
