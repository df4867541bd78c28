import { describe, expect, it } from 'vitest';

import { fair } from './fair.js';
import { fifo } from './fifo.js';
import { leastBusy } from './least-busy.js';
import { lifo } from './lifo.js';
import { priority } from './priority.js';
import type { QueueDiscipline, QueuedCall } from './queue.js';
import { roundRobin } from './round-robin.js';
import type { SelectableCall, SelectableWorker } from './selection.js';

const queued = (name: string, more: Partial<QueuedCall> = {}): QueuedCall => ({
  id: 0,
  kind: 'call',
  name,
  priority: 0,
  attributes: undefined,
  session: undefined,
  note: undefined,
  list: undefined,
  previous: undefined,
  next: undefined,
  ...more,
});

const disciplines: QueueDiscipline[] = [
  fifo(),
  lifo(),
  priority(),
  fair({ by: ({ name }) => name[0], limit: 2 }),
];

describe.each(disciplines)('$name', (discipline) => {
  it('gives every call out once, and none that was taken out', () => {
    const queue = discipline.create();
    const calls = Array.from({ length: 20 }, (_, n) =>
      queued(`${'abcdefghij'[n % 10]}${n}`, { priority: n % 4 }),
    );
    for (const call of calls) queue.add(call);
    for (const call of calls.slice(5, 10)) queue.remove(call);
    expect([queue.size, queue.eligible]).toEqual([15, 15]);
    const taken = new Set<QueuedCall>();
    for (let call = queue.take(); call !== undefined; call = queue.take()) taken.add(call);
    expect(taken).toEqual(new Set([...calls.slice(0, 5), ...calls.slice(10)]));
    expect([queue.size, queue.eligible]).toEqual([0, 0]);
  });

  it('gives a call that was put back before its equals', () => {
    const queue = discipline.create();
    for (const name of ['a1', 'a2', 'a3']) queue.add(queued(name));
    const first = queue.take()!;
    queue.putBack(first);
    expect(queue.take()).toBe(first);
  });

  it('can be emptied at once', () => {
    const queue = discipline.create();
    const calls = Array.from({ length: 9 }, (_, n) => queued(`a${n}`, { priority: n }));
    for (const call of calls) queue.add(call);
    queue.started(queued('a'));
    expect(new Set(queue.clear())).toEqual(new Set(calls));
    expect([queue.size, queue.eligible, queue.take()]).toEqual([0, 0, undefined]);
  });

  it('keeps pools apart', () => {
    const [one, other] = [discipline.create(), discipline.create()];
    one.add(queued('a'));
    expect([one.size, other.size]).toEqual([1, 0]);
  });
});

describe('fair', () => {
  it('holds back what is over the limit of its key, and counts what may start', () => {
    const queue = fair({ by: ({ name }) => name[0], limit: 2 }).create();
    const calls = ['a1', 'a2', 'a3', 'b1'].map((name) => queued(name));
    for (const call of calls) queue.add(call);
    expect([queue.size, queue.eligible]).toEqual([4, 3]);
    const taken: string[] = [];
    for (let call = queue.take(); call !== undefined; call = queue.take()) {
      queue.started(call);
      taken.push(call.name);
    }
    expect(taken).toEqual(['a1', 'b1', 'a2']);
    expect([queue.size, queue.eligible]).toEqual([1, 0]);
    expect([queue.mayStart(queued('a4')), queue.mayStart(queued('b2'))]).toEqual([false, true]);
    queue.ended(calls[0]!);
    expect(queue.take()).toBe(calls[2]);
  });

  it('gives a single call of one key its turn after one call of a key with a thousand', () => {
    const queue = fair({ by: ({ name }) => name[0] }).create();
    for (let n = 0; n < 1_000; n += 1) queue.add(queued(`a${n}`));
    queue.add(queued('b'));
    expect([queue.take()!.name, queue.take()!.name]).toEqual(['a0', 'b']);
  });

  it('asks for the key of a call once', () => {
    let asked = 0;
    const queue = fair({ by: () => (asked += 1) }).create();
    const call = queued('a');
    queue.mayStart(call);
    queue.add(call);
    queue.take();
    queue.started(call);
    queue.ended(call);
    expect(asked).toBe(1);
  });
});

describe('priority', () => {
  it('serves the highest first, equals in order, negative and fractional ones too', () => {
    const queue = priority().create();
    for (const [name, level] of Object.entries({ a: 0, b: -1, c: 2.5, d: 0, e: Infinity, f: 2.5 })) {
      queue.add(queued(name, { priority: level }));
    }
    const order: string[] = [];
    for (let call = queue.take(); call !== undefined; call = queue.take()) order.push(call.name);
    expect(order).toEqual(['e', 'c', 'f', 'a', 'd', 'b']);
  });

  it('puts calls back where they stood among their equals, in whichever order they come back', () => {
    const queue = priority({ sendsAhead: true }).create();
    const calls = [0, 1, 0, 1, 0].map((level, id) => queued(`${id}`, { id, priority: level }));
    for (const call of calls) queue.add(call);
    const taken = [queue.take()!, queue.take()!, queue.take()!, queue.take()!];
    for (const at of [2, 0, 3, 1]) queue.putBack(taken[at]!);
    const order: string[] = [];
    for (let call = queue.take(); call !== undefined; call = queue.take()) order.push(call.name);
    expect(order).toEqual(['1', '3', '0', '2', '4']);
  });

  it('refuses what is no option', () => {
    expect(() => priority({ sendsAhead: 1 as unknown as boolean })).toThrow(/priority\(\).*sendsAhead/);
    expect(() => priority({ strict: true } as object)).toThrow(/strict/);
  });
});

describe('selection', () => {
  const call: SelectableCall = { kind: 'call', name: 'call', meta: undefined, attempts: 0 };
  const worker = (slot: number, more: Partial<SelectableWorker> = {}): SelectableWorker => ({
    id: `pool-${slot}`,
    slot,
    inFlight: 0,
    concurrency: 2,
    calls: 0,
    lastCall: 0,
    overflow: false,
    ...more,
  });

  it('least busy takes the fewest calls, then the steady, then the longest rested', () => {
    const select = (workers: SelectableWorker[]) => leastBusy().select(call, workers);
    expect(select([])).toBeNull();
    expect(select([worker(0, { inFlight: 2 })])).toBeNull();
    expect(select([worker(0, { inFlight: 1 }), worker(1)])!.slot).toBe(1);
    expect(select([worker(0, { overflow: true }), worker(1, { lastCall: 9 })])!.slot).toBe(1);
    expect(select([worker(0, { lastCall: 5 }), worker(1, { lastCall: 3 })])!.slot).toBe(1);
  });

  it('least busy stays with an idle one for 16 calls, unless that is busy, above the size, or another by now', () => {
    const { select } = leastBusy();
    const next = (workers: SelectableWorker[]) => select(call, workers)!.slot;
    const two = (first: number, second: number) => [
      worker(0, { lastCall: first }),
      worker(1, { lastCall: second }),
    ];
    expect(Array.from({ length: 16 }, () => next(two(2, 1)))).toEqual(Array(16).fill(1));
    expect(Array.from({ length: 16 }, () => next(two(2, 17)))).toEqual(Array(16).fill(0));
    expect(next(two(33, 17))).toBe(1);
    expect(next([worker(0), worker(1, { inFlight: 1 })])).toBe(0);
    expect(next([worker(0, { overflow: true }), worker(1)])).toBe(1);
    expect(next([worker(0), worker(1, { id: 'another', lastCall: 1 })])).toBe(0);
    expect(next([worker(1, { lastCall: 1 })])).toBe(1);
  });

  it('round robin takes each in turn, skips the full, and goes on where a worker is gone', () => {
    const { select } = roundRobin();
    const workers = [worker(0), worker(1, { inFlight: 2 }), worker(2)];
    expect([1, 2, 3].map(() => select(call, workers)!.slot)).toEqual([0, 2, 0]);
    expect(select(call, [worker(5)])!.slot).toBe(5);
    expect(select(call, [])).toBeNull();
  });
});
