import { createError } from '@pypool/protocol';
import { expect, it } from 'vitest';

import { metricsInMemory } from '../../test/collect.js';
import { begin, end, ToldCalls } from '../../test/told-calls.js';
import { ATTR, METRIC, SCOPE_NAME } from '../semconv.js';
import { CallMeter } from './call-meter.js';

/** What is recorded of calls that a test tells of: of each histogram, how often and how much. */
async function recorded(tell: (calls: ToldCalls, meter: CallMeter) => void) {
  const memory = metricsInMemory();
  const meter = new CallMeter('shop', memory.provider.getMeter(SCOPE_NAME));
  const calls = new ToldCalls();
  calls.observe(meter);
  tell(calls, meter);
  meter.record();
  const metrics = await memory.collect();
  await memory.close();
  const of = (name: string) =>
    (metrics.get(name)?.dataPoints ?? []).map(({ attributes, value }): Record<string, unknown> => ({
      ...attributes,
      ...(value as { count: number; sum: number }),
    }));
  return {
    waits: of(METRIC.QUEUE_WAIT),
    durations: of(METRIC.CALL_DURATION),
    uses: of(METRIC.WORKER_USE_TIME),
  };
}

it('counts the wait of a call once that its worker gave back although it seemed to have begun', async () => {
  const { waits } = await recorded((calls) => {
    const call = calls.make('sell');
    call.onBegan?.(begin({ waitMs: 2, aheadMs: 1 }));
    call.onTakenBack?.();
    call.onBegan?.(begin({ waitMs: 5, aheadMs: 0 }));
    call.onSettled?.(end({ executionMs: 1 }));
  });
  expect(waits).toMatchObject([{ count: 1, sum: 0.005 }]);
});

it('counts the wait for each worker of a call that was tried again', async () => {
  const error = createError({ code: 'worker-exited', message: 'gone', outcome: 'unknown' });
  const { waits } = await recorded((calls) => {
    const call = calls.make('sell');
    call.onBegan?.(begin({ waitMs: 2, aheadMs: 1 }));
    call.onRetried?.({ attempts: 1, workerId: 'shop-0.1', error });
    call.onBegan?.(begin({ waitMs: 5, aheadMs: 1 }));
    call.onSettled?.(end({ attempts: 2, executionMs: 1 }));
  });
  expect(waits).toMatchObject([{ count: 2, sum: 0.007 }]);
});

it('takes no name for that of a function until a call of it has ended by itself', async () => {
  const late = createError({ code: 'deadline-exceeded', message: 'late', outcome: 'not-started' });
  const raised = createError({ code: 'python-error', message: 'no', outcome: 'finished' });
  const { durations } = await recorded((calls) => {
    for (const [name, error] of [
      ['made-up', late],
      ['sell', raised],
      ['sell', late],
    ] as const) {
      const call = calls.make(name);
      call.onBegan?.(begin({ waitMs: 0, aheadMs: 0 }));
      call.onSettled?.(end({ error, executionMs: 1 }));
    }
  });
  expect(durations.map(({ [ATTR.RPC_METHOD]: method }) => method)).toEqual(['_OTHER', 'sell', 'sell']);
});

it('records nothing of calls that are under way when it ends', async () => {
  const { waits, durations, uses } = await recorded((calls, meter) => {
    const [begun, waiting] = [calls.make('sell'), calls.make('sell')];
    begun.onBegan?.(begin({ waitMs: 2, aheadMs: 0 }));
    meter.end();
    waiting.onBegan?.(begin({ waitMs: 5, aheadMs: 0 }));
    for (const call of [begun, waiting]) call.onSettled?.(end({ executionMs: 1 }));
  });
  expect([waits, durations, uses]).toMatchObject([[{ count: 1, sum: 0.002 }], [], []]);
});
