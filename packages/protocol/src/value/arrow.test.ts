import * as arrow from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { ArrowIpc, arrowIpc, arrowType } from './arrow.js';
import { createValueCodec } from './codec.js';

const codec = createValueCodec({ types: [arrowType(arrow)] });
const without = createValueCodec();

const table = arrow.tableFromArrays({ x: Float64Array.of(1.5, -2), name: ['a', null] });

function roundTrip(value: unknown): unknown {
  const { text, tagged, buffers } = codec.encode(value);
  return codec.decode({ envelope: text, tagged, buffers });
}

function rowsOf(value: unknown): unknown {
  expect(value).toBeInstanceOf(arrow.Table);
  return (value as arrow.Table).toArray().map((row: arrow.StructRow) => row.toJSON());
}

const ROWS = [
  { x: 1.5, name: 'a' },
  { x: -2, name: null },
];

describe('tables of Arrow', () => {
  it('are one buffer each, an IPC stream', () => {
    const { text, tagged, buffers } = codec.encode({ first: table, more: [table] });
    expect([text, tagged]).toEqual(['{"first":{"$":["arrow",0]},"more":[{"$":["arrow",1]}]}', true]);
    expect(buffers.map((buffer) => rowsOf(arrow.tableFromIPC(buffer)))).toEqual([ROWS, ROWS]);
  });

  it('arrive as tables, and so do record batches', () => {
    expect(rowsOf(roundTrip(table))).toEqual(ROWS);
    expect(rowsOf(roundTrip(table.batches[0]))).toEqual(ROWS);
    expect(rowsOf(roundTrip(table.slice(1)))).toEqual(ROWS.slice(1));
    expect(rowsOf(roundTrip(new arrow.Table()))).toEqual([]);
  });

  it('show the memory that was received', () => {
    const { text, tagged, buffers } = codec.encode(table);
    const received = codec.decode({ envelope: text, tagged, buffers }) as typeof table;
    expect(received.getChild('x')!.data[0]!.values.buffer).toBe(buffers[0]!.buffer);
  });

  it('arrive as their bytes where no arrowType() is registered, and go back as the same table', () => {
    const encoded = codec.encode([table]);
    const [ipc] = without.decode({ envelope: encoded.text, ...encoded }) as [ArrowIpc];
    expect(ipc).toBeInstanceOf(ArrowIpc);
    expect(rowsOf(arrow.tableFromIPC(ipc.data))).toEqual(ROWS);
    expect(without.encode([ipc])).toEqual(encoded);
  });

  it('can be sent as the bytes that another library wrote', () => {
    expect(rowsOf(roundTrip(arrowIpc(arrow.tableToIPC(table, 'stream'))))).toEqual(ROWS);
  });

  it('are not taken for objects where no arrowType() is registered', () => {
    for (const value of [table, table.batches[0]]) {
      expect(() => without.encode([value], 'args')).toThrow(
        expect.objectContaining({
          code: 'unencodable',
          message: expect.stringMatching(/^Cannot send args\[0\].schema .*arrowType\(arrow\)/) as string,
        }),
      );
    }
  });

  it('that apache-arrow cannot read fail their one call', () => {
    const envelope = '{"$":["arrow",0]}';
    expect(() =>
      codec.decode({ envelope, tagged: true, buffers: [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)] }),
    ).toThrow(expect.objectContaining({ code: 'unencodable', outcome: 'finished' }));
  });

  it('leave a type of the application its name', () => {
    class Own {}
    const own = {
      name: 'pyarrow.Table',
      is: (value: unknown) => value instanceof Own,
      encode: () => 1,
      decode: () => new Own(),
    };
    const { text, tagged } = createValueCodec({ types: [own] }).encode(new Own());
    expect([text, tagged]).toEqual(['{"$":["type","pyarrow.Table",1]}', true]);
    const decoded = createValueCodec({ types: [own] }).decode({
      envelope: '{"$":["arrow",0]}',
      tagged: true,
      buffers: [Uint8Array.of()],
    });
    expect(decoded).toBeInstanceOf(ArrowIpc);
  });
});
