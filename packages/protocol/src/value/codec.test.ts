import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPypoolError } from '../errors/error.js';
import { CommunicationError, UsageError } from '../errors/errors.js';
import { createValueCodec } from './codec.js';
import { NdArray, ndarray } from './ndarray.js';
import {
  PythonValue,
  decimal,
  pyComplex,
  pyDate,
  pyDatetime,
  pyFloat,
  pyFrozenSet,
  pyTime,
  pyTimedelta,
  pyTuple,
  uuid,
} from './python-value.js';

const codec = createValueCodec();

function roundTrip(value: unknown): unknown {
  const { text, tagged, buffers } = codec.encode(value);
  return codec.decode({ envelope: text, tagged, buffers: buffers.map((buffer) => buffer.slice()) });
}

function decode(envelope: unknown, buffers: Uint8Array[] = [], tagged = true): unknown {
  return codec.decode({
    envelope: typeof envelope === 'string' ? envelope : JSON.stringify(envelope),
    tagged,
    buffers,
  });
}

function refusal(value: unknown): UsageError {
  try {
    codec.encode(value, 'args');
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code: 'unencodable' });
    return error as UsageError;
  }
  throw new Error('it was encoded');
}

function nested(depth: number, around: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = around(value);
  return value;
}

describe('plain values', () => {
  const plain: unknown[] = [
    null,
    true,
    0,
    1.5,
    -5,
    5e-324,
    1.7976931348623157e308,
    1e21,
    Number.MAX_SAFE_INTEGER,
    '',
    'emoji 😀 and lone \uD83D surrogate',
    [],
    {},
    [[1, [2]], { a: { b: null } }],
    { constructor: 1, toString: 'x', hasOwnProperty: null },
  ];

  it.each(plain.map((value) => ({ value })))('travel untagged and come back equal: $value', ({ value }) => {
    expect(codec.encode(value)).toEqual({ text: JSON.stringify(value), tagged: false, buffers: [] });
    expect(roundTrip(value)).toEqual(value);
  });

  it('say undefined as JSON does: null in arrays, left off in objects', () => {
    const sparse: unknown[] = [];
    sparse[1] = undefined;
    expect(codec.encode(undefined).text).toBe('null');
    expect(codec.encode([undefined, sparse]).text).toBe('[null,[null,null]]');
    expect(codec.encode({ a: undefined, b: 1 }).text).toBe('{"b":1}');
    expect(codec.encode({ a: undefined, b: [undefined, 1n] }).text).toBe('{"b":[null,{"$":["int","1"]}]}');
  });

  it('come back the same from any JSON', () => {
    // An object with this key comes back as a Map, see below.
    const harmless = fc
      .jsonValue({ maxDepth: 5 })
      .filter((value) => !JSON.stringify(value).includes('"__proto__":'));
    fc.assert(
      fc.property(harmless, (value) => {
        expect(roundTrip(value)).toEqual(value);
      }),
    );
  });
});

describe('exact values', () => {
  it.each<[string, unknown, unknown]>([
    ['-0', -0, { $: ['float', '-0.0'] }],
    ['NaN', NaN, { $: ['float', 'nan'] }],
    ['Infinity', Infinity, { $: ['float', 'inf'] }],
    ['-Infinity', -Infinity, { $: ['float', '-inf'] }],
    ['2^53', 2 ** 53, { $: ['float', '9007199254740992.0'] }],
    ['a small bigint', 5n, { $: ['int', '5'] }],
    ['2^60 + 1', 2n ** 60n + 1n, { $: ['int', '1152921504606846977'] }],
    ['a Date', new Date('2026-11-23T10:00:00.123Z'), { $: ['datetime', '2026-11-23T10:00:00.123+00:00'] }],
    [
      'a Date in the year 1',
      new Date('0001-01-01T00:00:00.000Z'),
      { $: ['datetime', '0001-01-01T00:00:00.000+00:00'] },
    ],
    ['a Set', new Set([1, 'a']), { $: ['set', [1, 'a']] }],
    [
      'a Map',
      new Map<unknown, unknown>([
        [1, 'a'],
        ['b', NaN],
      ]),
      {
        $: [
          'map',
          [
            [1, 'a'],
            ['b', { $: ['float', 'nan'] }],
          ],
        ],
      },
    ],
    ['a decimal', decimal('1.10'), { $: ['decimal', '1.10'] }],
    [
      'a uuid',
      uuid('0F8FAD5B-d9cb-469f-a165-70867728950e'),
      { $: ['uuid', '0f8fad5b-d9cb-469f-a165-70867728950e'] },
    ],
    ['a date', pyDate('2026-11-23'), { $: ['date', '2026-11-23'] }],
    ['a time', pyTime('10:00:00.123456'), { $: ['time', '10:00:00.123456'] }],
    ['a timedelta', pyTimedelta('-0.5'), { $: ['timedelta', '-0.5'] }],
    [
      'a datetime with a zone',
      pyDatetime('2026-11-23T10:00:00+01:00'),
      { $: ['datetime', '2026-11-23T10:00:00+01:00'] },
    ],
    ['a complex', pyComplex(1, -2.5), { $: ['complex', '1.0-2.5j'] }],
  ])('come back the same: %s', (_name, value, tree) => {
    const { text, tagged } = codec.encode(value);
    expect(JSON.parse(text)).toEqual(tree);
    expect(tagged).toBe(true);
    expect(roundTrip(value)).toStrictEqual(value);
    expect(roundTrip({ a: [value] })).toStrictEqual({ a: [value] });
  });

  it('escape what looks like a tag, and only where there are tags', () => {
    for (const value of [
      { $: 1 },
      { $: ['int', '5'] },
      { $: { $: 1 } },
      { $: 1, a: 2 },
      { $: 1, a: undefined },
    ]) {
      expect(codec.encode(value)).toMatchObject({ text: JSON.stringify(value), tagged: false });
      expect(roundTrip(value)).toEqual(value);
      expect(roundTrip([value, NaN])).toEqual([value, NaN]);
    }
    expect(codec.encode([{ $: { $: 1 } }, 1n]).text).toBe(
      '[{"$":["object",{"$":{"$":["object",{"$":1}]}}]},{"$":["int","1"]}]',
    );
    expect(codec.encode([{ $: 1, a: undefined }, { $: 1, a: 2 }, 1n]).text).toBe(
      '[{"$":["object",{"$":1}]},{"$":1,"a":2},{"$":["int","1"]}]',
    );
  });

  it('say what only Python tells apart: floats, tuples, frozen sets', () => {
    expect(codec.encode([pyFloat(5), pyTuple([1, pyTuple([])]), pyFrozenSet([2])]).text).toBe(
      '[{"$":["float","5.0"]},{"$":["tuple",[1,{"$":["tuple",[]]}]]},{"$":["frozenset",[2]]}]',
    );
    expect(roundTrip([pyFloat(5), pyTuple([1]), pyFrozenSet([2])])).toStrictEqual([5, [1], new Set([2])]);
  });

  it('keep bytes and typed arrays out of the text', () => {
    const value = {
      bytes: Uint8Array.of(1, 2),
      buffer: Buffer.from('abc'),
      memory: Uint8Array.of(7).buffer,
      view: new DataView(Uint8Array.of(1, 2, 3).buffer, 1),
      clamped: Uint8ClampedArray.of(1),
      wide: BigInt64Array.of(-1n),
      part: Float64Array.of(1, 2, 3).subarray(1),
      shared: new Uint16Array(new SharedArrayBuffer(4)),
      empty: new Float32Array(0),
    };
    expect(codec.encode(value).buffers).toHaveLength(9);
    expect(roundTrip(value)).toStrictEqual({
      bytes: Uint8Array.of(1, 2),
      buffer: Uint8Array.from(Buffer.from('abc')),
      memory: Uint8Array.of(7),
      view: Uint8Array.of(2, 3),
      clamped: Uint8ClampedArray.of(1),
      wide: BigInt64Array.of(-1n),
      part: Float64Array.of(2, 3),
      shared: new Uint16Array(2),
      empty: new Float32Array(0),
    });
  });

  it('carry n-dimensional arrays of every dtype', () => {
    for (const array of [
      ndarray(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]),
      ndarray(Int8Array.of(1)),
      ndarray(Float64Array.of(1), []),
      ndarray(new Float32Array(0), [0, 5]),
      ndarray(Uint8Array.of(0, 1), [2], 'b1'),
      ndarray(Uint16Array.of(1), [1], 'f2'),
      ndarray(Float64Array.of(1, 2), [1], 'c16'),
    ]) {
      const back = roundTrip(array) as NdArray;
      expect(back).toBeInstanceOf(NdArray);
      expect(back).toEqual(array);
    }
    expect(roundTrip(ndarray(Uint8ClampedArray.of(1)))).toEqual(ndarray(Uint8Array.of(1)));
    expect(() => ndarray(Float32Array.of(1, 2), [3])).toThrow(UsageError);
    expect(() => ndarray(Float32Array.of(1, 2), [-1, -2])).toThrow(UsageError);
  });

  it('come back the same from any mixture', () => {
    const exact = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.double(),
        fc.bigInt(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom(null, true, -0, { $: [] }, { $: ['int', '1'] }),
        fc.date({
          noInvalidDate: true,
          min: new Date('0001-01-01T00:00:00Z'),
          max: new Date('9999-12-31T00:00:00Z'),
        }),
        fc.uint8Array(),
        fc.float64Array(),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom('a', '$', 'constructor', '😀', ''), tie('any'), {
          maxKeys: 3,
          noNullPrototype: true,
        }),
        fc.array(tie('any'), { maxLength: 3 }).map((items) => new Set(items)),
        fc.array(fc.tuple(tie('any'), tie('any')), { maxLength: 3 }).map((entries) => new Map(entries)),
      ),
    })).any;
    fc.assert(
      fc.property(exact, (value) => {
        // Not toStrictEqual, which takes a key named "constructor" for the class.
        expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true);
      }),
    );
  });
});

describe('objects', () => {
  it('are what their toJSON says, or their own properties', () => {
    class Point {
      constructor(
        readonly x: number,
        readonly y: number,
      ) {}
      get length(): number {
        return NaN;
      }
    }
    class Money {
      toJSON(): unknown {
        return { cents: 5n };
      }
    }
    expect(codec.encode([new Point(1, 2)])).toEqual({ text: '[{"x":1,"y":2}]', tagged: false, buffers: [] });
    expect(codec.encode(new Money()).text).toBe('{"cents":{"$":["int","5"]}}');
    expect(codec.encode(new URL('https://example.org/')).text).toBe('"https://example.org/"');
    expect(codec.encode({ toJSON: () => [undefined] }).text).toBe('[null]');
    expect(codec.encode(Object.assign([1], { toJSON: () => 'list' })).text).toBe('"list"');
  });

  it('of another realm are known for what they are', () => {
    const value: unknown = runInNewContext(
      '({ a: [1], d: new Date(0), m: new Map([[1, 2]]), u: new Uint8Array([1]) })',
    );
    expect(roundTrip(value)).toStrictEqual({
      a: [1],
      d: new Date(0),
      m: new Map([[1, 2]]),
      u: Uint8Array.of(1),
    });
    expect(codec.encode(runInNewContext('({ a: [{}] })')).tagged).toBe(false);
  });

  it('cannot pollute a prototype, whichever way they are written', () => {
    for (const text of [
      '{"__proto__":{"x":1}}',
      '{"\\u005f_proto__":{"x":1}}',
      '{"__\\u0070roto__":{"x":1}}',
      '{"__pr\\u006fto__":{"x":1}}',
      '{"__proto\\u005F\\u005f":{"x":1}}',
    ]) {
      for (const tagged of [true, false]) {
        expect(decode(text, [], tagged)).toStrictEqual(new Map([['__proto__', { x: 1 }]]));
        expect(decode(`[{"a":${text}}]`, [], tagged)).toStrictEqual([
          { a: new Map([['__proto__', { x: 1 }]]) },
        ]);
      }
    }
    expect(decode({ $: ['object', JSON.parse('{"__proto__":5}')] })).toStrictEqual(
      new Map([['__proto__', 5]]),
    );
    expect(decode('["__proto__"]', [], false)).toEqual(['__proto__']);
    expect(codec.encode(JSON.parse('{"__proto__":1}')).text).toBe('{"__proto__":1}');
    expect(codec.encode(JSON.parse('{"__proto__":[1],"b":1}')).text).toBe('{"__proto__":[1],"b":1}');
    expect(codec.encode([JSON.parse('{"__proto__":1}'), 1n]).text).toBe(
      '[{"__proto__":1},{"$":["int","1"]}]',
    );
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('what cannot be sent', () => {
  it.each<[string, unknown, string, string]>([
    ['a function', { rows: [1, { owner: () => 1 }] }, 'args.rows[1].owner', 'function'],
    ['a symbol', [Symbol('x')], 'args[0]', 'symbol'],
    ['a promise', { 'a b': Promise.resolve() }, 'args["a b"]', 'Promise'],
    ['an error', [new Error('x')], 'args[0]', 'Error'],
    ['a regular expression', /x/, 'args', 'RegExp'],
    ['a weak map', new WeakMap(), 'args', 'WeakMap'],
    ['a boxed number', Object(5), 'args', 'Number'],
    ['search parameters', new URLSearchParams('a=1'), 'args', 'URLSearchParams'],
    ['an invalid Date', [new Date(NaN)], 'args[0]', 'an invalid Date'],
    ['a Date after the year 9999', new Date(253402300800000), 'args', 'a Date outside the years 1 to 9999'],
    ['an integer over 4300 digits', 10n ** 4300n, 'args', 'an integer over 4300 digits'],
    ['something inside a Map', new Map([['k', [Symbol()]]]), 'args.k[0]', 'symbol'],
    ['something inside the key of a Map', new Map([[[Symbol()], 1]]), 'args.keys()[0][0]', 'symbol'],
    ['something inside a Set', new Set([1, Symbol()]), 'args[1]', 'symbol'],
    [
      'a marker of something that stayed in Python',
      new PythonValue('unencodable', 'm.T'),
      'args',
      'a marker for m.T',
    ],
  ])('is named with its path: %s', (_name, value, path, type) => {
    expect(refusal(value).context).toEqual({ path, type });
    expect(refusal(value).message).toContain(path);
  });

  it('includes what is nested too deep, and nothing less deep', () => {
    for (const around of [
      (inner: unknown) => [inner],
      (inner: unknown) => ({ a: inner }),
      (inner: unknown) => new Set([inner]),
      (inner: unknown) => new Map([[1, inner]]),
    ]) {
      expect(roundTrip(nested(256, around))).toStrictEqual(nested(256, around));
      expect(refusal(nested(257, around)).context['type']).toBe('a value nested more than 256 deep');
    }
  });

  it('includes cycles, named at the first step back', () => {
    const cycle: Record<string, unknown> = { a: 1 };
    cycle['b'] = [cycle];
    expect(refusal({ start: cycle }).context).toEqual({
      path: 'args.start.b[0]',
      type: 'a reference back to a value that holds it',
    });
    const forever = { toJSON: (): unknown => ({ again: forever }) };
    expect(refusal(forever).context['type']).toBe('a reference back to a value that holds it');
    const shared = { x: NaN };
    expect(roundTrip([shared, shared])).toStrictEqual([shared, shared]);
  });

  it.each([
    ['a Uint8Array', (memory: ArrayBuffer) => new Uint8Array(memory)],
    ['a Float64Array', (memory: ArrayBuffer) => new Float64Array(memory)],
    ['a DataView', (memory: ArrayBuffer) => new DataView(memory)],
    ['an ArrayBuffer', (memory: ArrayBuffer) => memory],
    ['an ndarray', (memory: ArrayBuffer) => ndarray(new Float64Array(memory), [2])],
  ])('refuses %s whose memory was transferred, and sends an empty one', (_, over) => {
    const memory = new ArrayBuffer(16);
    const value = over(memory);
    structuredClone(memory, { transfer: [memory] });
    expect(() => codec.encode([value])).toThrowError(
      expect.objectContaining({
        code: 'unencodable',
        message: 'Cannot send value[0] to Python: memory that was transferred elsewhere.',
      }) as Error,
    );
    const [sent] = codec.encode([new Uint8Array(new ArrayBuffer(0))]).buffers;
    expect(sent).toHaveLength(0);
  });

  it('includes what throws when asked, with what it threw as the cause', () => {
    const cause = new Error('no');
    const value = {
      toJSON() {
        throw cause;
      },
    };
    expect(refusal([value]).cause).toBe(cause);
    expect(refusal([value]).context['path']).toBe('args[0]');
    const getter = {
      get broken(): never {
        throw cause;
      },
    };
    expect(refusal(getter).cause).toBe(cause);
  });
});

describe('registered types', () => {
  class Point {
    constructor(
      readonly x: number,
      readonly at: Date,
    ) {}
  }
  const typed = createValueCodec({
    types: [
      {
        name: 'geo.Point',
        is: (value): value is Point => value instanceof Point,
        encode: (point: Point) => [point.x, point.at],
        decode: (payload) => {
          const [x, at] = payload as [number, Date];
          return new Point(x, at);
        },
      },
    ],
  });

  it('come back as themselves', () => {
    const value = { p: new Point(1, new Date(5)) };
    const { text, tagged, buffers } = typed.encode(value);
    expect(text).toBe(
      '{"p":{"$":["type","geo.Point",[1,{"$":["datetime","1970-01-01T00:00:00.005+00:00"]}]]}}',
    );
    expect(typed.decode({ envelope: text, tagged, buffers })).toStrictEqual(value);
  });

  it('fail their own call, not the connection, where they are unknown or refuse their value', () => {
    const expected = expect.objectContaining({ code: 'unencodable', outcome: 'finished' }) as Error;
    expect(() => decode({ $: ['type', 'geo.Point', []] })).toThrow(expected);
    expect(() =>
      typed.decode({ envelope: '{"$":["type","geo.Point",null]}', tagged: true, buffers: [] }),
    ).toThrow(expected);
  });
});

describe('an empty ndarray', () => {
  it('is one however long its other axes are', () => {
    const shape = [...Array<number>(25).fill(2 ** 53 - 1), 0];
    const envelope = JSON.stringify({ $: ['ndarray', 0, 'f8', shape] });
    const decoded = createValueCodec().decode({ envelope, tagged: true, buffers: [new Uint8Array(0)] });
    expect(decoded).toMatchObject({ shape, dtype: 'f8' });
  });
});

describe('malformed input', () => {
  const bytes = new Uint8Array(8);

  const malformed: [unknown, Uint8Array[]][] = [
    ['', []],
    ['{', []],
    ['NaN', []],
    ['\uFEFF1', []],
    [{ $: 1 }, []],
    [{ $: {} }, []],
    [{ $: [] }, []],
    [{ $: ['nonsense', 1] }, []],
    [{ $: ['__proto__', 1] }, []],
    [{ $: ['datetime', '0000-01-01T00:00:00+00:00'] }, []],
    [{ $: ['ndarray', 0, 'u1', [2 ** 53 - 1, 0.5, 0]] }, [new Uint8Array(0)]],
    [{ $: ['int'] }, []],
    [{ $: ['int', '5', '6'] }, []],
    [{ $: ['array', 0, 'u1', []] }, [bytes]],
    [{ $: ['ndarray', 0, 'u1c', [8]] }, [bytes]],
    [{ $: ['int', 5] }, []],
    [{ $: ['int', '5.0'] }, []],
    [{ $: ['int', ''] }, []],
    [{ $: ['int', '9'.repeat(4301)] }, []],
    [{ $: ['float', '0x10'] }, []],
    [{ $: ['float', ' 1'] }, []],
    [{ $: ['float', 5] }, []],
    [{ $: ['bytes', 1] }, [bytes]],
    [{ $: ['bytes', -1] }, [bytes]],
    [{ $: ['bytes', '0'] }, [bytes]],
    [{ $: ['bytes', 'length'] }, [bytes]],
    [{ $: ['array', 0, 'f3'] }, [bytes]],
    [{ $: ['array', 0, 'toString'] }, [bytes]],
    [{ $: ['array', 0, 'c8'] }, [bytes]],
    [{ $: ['array', 0, 'f8'] }, [bytes.subarray(0, 4)]],
    [{ $: ['ndarray', 0, 'f8', [2]] }, [bytes]],
    [{ $: ['ndarray', 0, 'f8', 1] }, [bytes]],
    [{ $: ['ndarray', 0, 'f8', [1.5]] }, [bytes]],
    [{ $: ['ndarray', 0, 'f8', [-1, -1]] }, [bytes]],
    [{ $: ['datetime', '2026-02-30T00:00:00+00:00'] }, []],
    [{ $: ['datetime', '2026-01-01'] }, []],
    [{ $: ['datetime', '2026-01-01T00:00:00'] }, []],
    [{ $: ['set', {}] }, []],
    [{ $: ['map', [[1]]] }, []],
    [{ $: ['map', { a: 1 }] }, []],
    [{ $: ['object', []] }, []],
    [{ $: ['object', null] }, []],
    [{ $: ['decimal', 1] }, []],
    [{ $: ['type', 1, 2] }, []],
  ];

  it.each(
    malformed.map(([envelope, buffers]) => ({
      shown: JSON.stringify(envelope).slice(0, 60),
      envelope,
      buffers,
    })),
  )('is a protocol error: $shown', ({ envelope, buffers }) => {
    expect(() => decode(envelope, buffers)).toThrow(CommunicationError);
    try {
      decode(envelope, buffers);
    } catch (error) {
      expect(error).toMatchObject({ code: 'protocol', outcome: 'unknown' });
    }
  });

  it('that is nested without end is a protocol error, never an overflow', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
      ['{"$":["set",[', ']]}'],
      ['{"$":["object",{"$":', '}]}'],
      ['{"$":["map",[[1,', ']]]}'],
      ['{"__proto__":', '}'],
    ] as const) {
      const text = open.repeat(50_000) + '1' + close.repeat(50_000);
      for (const tagged of [true, false]) expect(() => decode(text, [], tagged)).toThrow(CommunicationError);
    }
  });

  it('is a value or a protocol error, never anything else', () => {
    const { text, buffers } = codec.encode({
      a: [1n, NaN, new Date(0), new Set([1]), new Map([[1, 2]])],
      b: ndarray(new Float32Array(4), [2, 2]),
      c: [decimal('1'), Uint8Array.of(1), { $: 1 }],
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(text.length - 1), fc.string({ maxLength: 2 })), { maxLength: 3 }),
        (edits) => {
          let envelope = text;
          for (const [at, put] of edits) envelope = envelope.slice(0, at) + put + envelope.slice(at + 1);
          try {
            codec.decode({ envelope, tagged: true, buffers });
          } catch (error) {
            expect(isPypoolError(error) && error.code).toBe('protocol');
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
