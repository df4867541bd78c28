import { describe, expect, it } from 'vitest';
import { CallTable } from './call-table.js';
import { RecordedCall } from './recorded-call.js';

function tableOf(concurrency: number): { table: CallTable; started: number[] } {
  const started: number[] = [];
  return { table: new CallTable(concurrency, ({ id }) => started.push(id)), started };
}

describe('the table of calls', () => {
  it('counts ids up and never uses one again', () => {
    const { table } = tableOf(1);
    table.add(new RecordedCall());
    table.remove(table.get(1)!);
    expect(table.nextId).toBe(2);
  });

  it('starts calls in their order, as many as there are places', () => {
    const { table, started } = tableOf(2);
    for (let call = 0; call < 5; call++) table.add(new RecordedCall());
    expect(started).toEqual([1, 2]);
    table.remove(table.get(2)!);
    table.remove(table.get(3)!);
    expect(started).toEqual([1, 2, 3, 4]);
    expect([...table.running()].map(({ id }) => id)).toEqual([1, 4]);
  });

  it('starts none in the place of one that never had it', () => {
    const { table, started } = tableOf(1);
    for (let call = 0; call < 4; call++) table.add(new RecordedCall());
    table.remove(table.get(2)!); // given back
    table.remove(table.get(3)!);
    expect(started).toEqual([1]);
    table.remove(table.get(1)!);
    expect(started).toEqual([1, 4]);
  });

  it('tells those that ran from those that waited when it is emptied', () => {
    const { table } = tableOf(2);
    for (let call = 0; call < 3; call++) table.add(new RecordedCall());
    table.remove(table.get(1)!);
    expect(table.takeAll().map(({ open, ran }) => [open.id, ran])).toEqual([
      [2, true],
      [3, true],
    ]);
    expect(table.size).toBe(0);
  });

  it('finds a call by what its owner holds, while it is open', () => {
    const { table } = tableOf(1);
    const call = new RecordedCall();
    table.add(new RecordedCall());
    table.add(call);
    expect(table.find(call)?.id).toBe(2);
    table.remove(table.get(2)!);
    expect(table.find(call)).toBeUndefined();
  });
});
