import { doublesHex } from './bytes.js';

/** How a value is described to a language's test: itself where JSON holds it, or an object with the key `@`. README.md lists them. */
type Described = unknown;

/** What one language does with a wire form; a direction that is not named is not tested. */
interface Language {
  readonly sends?: Described;
  readonly receives?: Described;
}

interface Wire {
  readonly text: string;
  readonly buffers?: readonly string[];
  readonly options?: { readonly integers?: string; readonly unencodable?: string };
}

const float = (text: string): Described => ({ '@': 'float', text });
const int = (text: string): Described => ({ '@': 'int', text });
const bytes = (hex: string): Described => ({ '@': 'bytes', hex });
const array = (dtype: string, hex: string): Described => ({ '@': 'array', dtype, hex });
const ndarray = (dtype: string, shape: readonly number[], hex: string): Described => ({
  '@': 'ndarray',
  dtype,
  shape,
  hex,
});
const text = (type: string, value: string): Described => ({ '@': 'text', type, text: value });
const date = (iso: string): Described => ({ '@': 'moment', iso });
const set = (...items: readonly Described[]): Described => ({ '@': 'set', items });
const frozenset = (...items: readonly Described[]): Described => ({ '@': 'frozenset', items });
const tuple = (...items: readonly Described[]): Described => ({ '@': 'tuple', items });
const map = (...pairs: readonly (readonly [Described, Described])[]): Described => ({ '@': 'map', pairs });
const fields = (...entries: readonly (readonly [string, Described])[]): Described => ({
  '@': 'object',
  fields: entries,
});
const point = (x: Described, y: Described): Described => ({ '@': 'registered', x, y });
const special = (kind: string, more: Readonly<Record<string, unknown>> = {}): Described => ({
  '@': kind,
  ...more,
});

/** An IPC stream of one batch, as pyarrow 26 wrote it. */
const TABLE_HEX = [
  'ffffffff700000001000000000000a000c000600050008000a000000000104000c000000080008000000040008000000',
  '040000000100000014000000100014000800060007000c00000010001000000000000103100000001800000004000000',
  '000000000100000061000600080006000600000000000200ffffffff8800000014000000000000000c00160006000500',
  '08000c000c0000000003040018000000100000000000000000000a0018000c00040008000a0000003c00000010000000',
  '020000000000000000000000020000000000000000000000000000000000000000000000000000001000000000000000',
  '000000000100000002000000000000000000000000000000000000000000f83f00000000000004c0ffffffff00000000',
].join('');
const table = special('arrow', { columns: { a: [1.5, -2.5] }, hex: TABLE_HEX });

const LONGEST = '9'.repeat(4300);

/** values.json: values and their wire forms in both directions, what cannot be sent, and what is no value. */
export function valueVectors(): unknown {
  return {
    valid: [
      ...plain(),
      ...numbers(),
      ...binary(),
      ...texts(),
      ...containers(),
      ...fromJavaScript(),
      ...fromPython(),
    ],
    unencodable: [...unencodable()],
    malformed: malformed(),
    impossible: impossible(),
  };
}

function vector(
  name: string,
  wire: Wire,
  javascript: Language | undefined,
  python: Language | undefined,
): unknown {
  return {
    name,
    text: wire.text,
    tagged: false,
    buffers: wire.buffers ?? [],
    ...(wire.options && { options: wire.options }),
    ...(javascript && { javascript }),
    ...(python && { python }),
  };
}

function tagged(
  name: string,
  wire: Wire,
  javascript: Language | undefined,
  python: Language | undefined,
): unknown {
  return { ...(vector(name, wire, javascript, python) as object), tagged: true };
}

/** The same value both ways in both languages. */
function same(value: Described): [Language, Language] {
  const both = { sends: value, receives: value };
  return [both, both];
}

function plain(): unknown[] {
  const itself = (name: string, json: string, value: Described = JSON.parse(json)): unknown =>
    vector(name, { text: json }, ...same(value));
  return [
    itself('null', 'null'),
    itself('true', 'true'),
    itself('false', 'false'),
    itself('zero', '0'),
    itself('a negative integer', '-17'),
    itself('the largest safe integer', '9007199254740991'),
    itself('the smallest safe integer', '-9007199254740991'),
    itself('a fraction', '0.1', float('0.1')),
    itself('a large number with an exponent', '1.5e+300', float('1.5e+300')),
    itself('the empty string', '""'),
    itself('text with everything that JSON escapes', '"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f/\u007f"'),
    itself('text beyond ASCII', '"h\u00e9llo \u4e16\u754c \u{1f40d} \u2028"'),
    itself('a lone high surrogate', '"\\ud800"'),
    itself('a lone low surrogate inside text', '"a\\udfffb"'),
    itself('an empty array', '[]'),
    itself('an empty object', '{}'),
    itself('a record', '{"id":1,"name":"a","tags":["x","y"],"ok":true,"score":1.5,"none":null}', {
      id: 1,
      name: 'a',
      tags: ['x', 'y'],
      ok: true,
      score: float('1.5'),
      none: null,
    }),
    itself('odd keys', '{"":1,"a b":2,"\u00e9":3,"constructor":4,"0x":5}'),
    itself('an object that looks like a tag', '{"$":["int","5"]}', fields(['$', ['int', '5']])),
    itself('arrays nested 256 deep', '['.repeat(256) + ']'.repeat(256), special('nested', { depth: 256 })),
  ];
}

function numbers(): unknown[] {
  const asInt = (name: string, digits: string): unknown =>
    tagged(name, { text: `{"$":["int","${digits}"]}` }, ...same(int(digits)));
  const asFloat = (name: string, digits: string): unknown =>
    tagged(name, { text: `{"$":["float","${digits}"]}` }, ...same(float(digits)));
  return [
    asInt('2^53', '9007199254740992'),
    asInt('-2^53', '-9007199254740992'),
    asInt('2^60 + 1', '1152921504606846977'),
    asInt('an integer of 4300 digits', LONGEST),
    asInt('a negative integer of 4300 digits', `-${LONGEST}`),
    tagged(
      'a small bigint',
      { text: '{"$":["int","5"]}' },
      { sends: int('5'), receives: int('5') },
      { receives: 5 },
    ),
    asFloat('NaN', 'nan'),
    asFloat('infinity', 'inf'),
    asFloat('minus infinity', '-inf'),
    tagged(
      'minus zero from JavaScript',
      { text: '{"$":["float","-0.0"]}' },
      { sends: float('-0.0'), receives: float('-0.0') },
      { receives: float('-0.0') },
    ),
    vector(
      'minus zero from Python',
      { text: '-0.0' },
      { receives: float('-0.0') },
      { sends: float('-0.0'), receives: float('-0.0') },
    ),
    vector(
      'an integral float from Python',
      { text: '5.0' },
      { receives: 5 },
      { sends: float('5.0'), receives: float('5.0') },
    ),
    tagged(
      'pyFloat(5)',
      { text: '{"$":["float","5.0"]}' },
      { sends: special('pyFloat', { value: 5 }), receives: 5 },
      { receives: float('5.0') },
    ),
    vector(
      'a small fraction, as JavaScript writes it',
      { text: '1e-7' },
      { sends: float('1e-7'), receives: float('1e-7') },
      { receives: float('1e-07') },
    ),
    vector(
      'a small fraction, as Python writes it',
      { text: '1e-07' },
      { receives: float('1e-7') },
      { sends: float('1e-07'), receives: float('1e-07') },
    ),
    tagged(
      '2^53 as a JavaScript number',
      { text: '{"$":["float","9007199254740992.0"]}' },
      { sends: float('9007199254740992.0') },
      { receives: float('9007199254740992.0') },
    ),
    vector('1e21, where JSON begins to have an exponent', { text: '1e+21' }, ...same(float('1e+21'))),
    tagged(
      'NaN among numbers',
      { text: '[1,{"$":["float","nan"]},0.5]' },
      ...same([1, float('nan'), float('0.5')]),
    ),
    tagged(
      'every int where integers are bigint',
      { text: '[{"$":["int","1"]},true,1.5]', options: { integers: 'bigint' } },
      { receives: [int('1'), true, float('1.5')] },
      { sends: [1, true, float('1.5')] },
    ),
  ];
}

function binary(): unknown[] {
  const doubles = doublesHex(1.5, -2);
  const arrays: [string, string][] = [
    ['i1', 'ff01'],
    ['i2', 'feff0100'],
    ['u2', 'ffff0100'],
    ['i4', 'fdffffff'],
    ['u4', 'ffffffff'],
    ['i8', 'fcffffffffffffff'],
    ['u8', 'ffffffffffffffff'],
    ['f4', '0000c03f000020c0'],
    ['f8', doubles],
  ];
  return [
    tagged('bytes', { text: '{"$":["bytes",0]}', buffers: ['00ff10'] }, ...same(bytes('00ff10'))),
    tagged('no bytes', { text: '{"$":["bytes",0]}', buffers: [''] }, ...same(bytes(''))),
    tagged(
      'bytes beside each other',
      { text: '{"a":{"$":["bytes",0]},"b":[{"$":["bytes",1]}]}', buffers: ['01', '0203'] },
      ...same({ a: bytes('01'), b: [bytes('0203')] }),
    ),
    ...arrays.map(([dtype, hex]) =>
      tagged(
        `an array of ${dtype}`,
        { text: `{"$":["array",0,"${dtype}"]}`, buffers: [hex] },
        ...same(array(dtype, hex)),
      ),
    ),
    tagged(
      'an empty array of f8',
      { text: '{"$":["array",0,"f8"]}', buffers: [''] },
      ...same(array('f8', '')),
    ),
    tagged(
      'a clamped array',
      { text: '{"$":["array",0,"u1c"]}', buffers: ['00ff'] },
      { sends: array('u1c', '00ff'), receives: array('u1c', '00ff') },
      { receives: array('u1', '00ff') },
    ),
    tagged(
      'an array of u1',
      { text: '{"$":["array",0,"u1"]}', buffers: ['00ff'] },
      { receives: bytes('00ff') },
      { receives: array('u1', '00ff') },
    ),
    tagged(
      'a matrix',
      { text: '{"$":["ndarray",0,"f8",[1,2]]}', buffers: [doubles] },
      ...same(ndarray('f8', [1, 2], doubles)),
    ),
    tagged(
      'an array of no dimension',
      { text: '{"$":["ndarray",0,"i4",[]]}', buffers: ['07000000'] },
      ...same(ndarray('i4', [], '07000000')),
    ),
    tagged(
      'a matrix of no rows',
      { text: '{"$":["ndarray",0,"f8",[0,3]]}', buffers: [''] },
      ...same(ndarray('f8', [0, 3], '')),
    ),
    tagged(
      'a vector of bool',
      { text: '{"$":["ndarray",0,"b1",[3]]}', buffers: ['010001'] },
      ...same(ndarray('b1', [3], '010001')),
    ),
    tagged(
      'an Arrow table',
      { text: '{"$":["arrow",0]}', buffers: [TABLE_HEX] },
      { sends: table, receives: table },
      // What pyarrow writes differs between its versions, so only this direction is bytes.
      { receives: table },
    ),
  ];
}

function texts(): unknown[] {
  const asText = (type: string, ...examples: readonly string[]): unknown[] =>
    examples.map((example) =>
      tagged(`${type} ${example}`, { text: `{"$":["${type}","${example}"]}` }, ...same(text(type, example))),
    );
  const moment = (name: string, iso: string, written: string): unknown =>
    tagged(
      name,
      { text: `{"$":["datetime","${written}"]}` },
      { receives: date(iso) },
      { sends: text('datetime', written), receives: text('datetime', written) },
    );
  return [
    tagged(
      'a Date',
      { text: '{"$":["datetime","2026-11-23T10:00:00.123+00:00"]}' },
      { sends: date('2026-11-23T10:00:00.123Z'), receives: date('2026-11-23T10:00:00.123Z') },
      { receives: text('datetime', '2026-11-23T10:00:00.123000+00:00') },
    ),
    moment('a datetime of whole seconds in UTC', '2026-11-23T10:00:00.000Z', '2026-11-23T10:00:00+00:00'),
    moment(
      'a datetime of whole milliseconds in UTC',
      '2026-11-23T10:00:00.120Z',
      '2026-11-23T10:00:00.120000+00:00',
    ),
    moment('the first datetime', '0001-01-01T00:00:00.000Z', '0001-01-01T00:00:00+00:00'),
    ...asText(
      'datetime',
      '2026-11-23T10:00:00.123456+00:00',
      '2026-11-23T10:00:00+01:00',
      '2026-11-23T10:00:00-05:30',
    ),
    ...asText('date', '2026-11-23', '0001-01-01'),
    ...asText('time', '10:00:00', '10:00:00.123456', '10:00:00+01:00'),
    ...asText('timedelta', '0', '86400', '-86400', '1.5', '-0.000001', '86399999999999.999999'),
    ...asText('decimal', '1.10', '-0', '1E+100', 'NaN', 'Infinity', '0.1000000000000000055511151231257827'),
    ...asText('uuid', '0f8fad5b-d9cb-469f-a165-70867728950e'),
    ...asText('complex', '1+2j', '-0.5-1e-07j', '2j', 'nan+infj'),
  ];
}

function containers(): unknown[] {
  return [
    tagged('a set', { text: '{"$":["set",["a"]]}' }, ...same(set('a'))),
    tagged('an empty set', { text: '{"$":["set",[]]}' }, ...same(set())),
    tagged(
      'a set of sets',
      { text: '{"$":["set",[{"$":["frozenset",[1]]}]]}' },
      { sends: set(frozenset(1)), receives: set(set(1)) },
      { sends: set(frozenset(1)), receives: set(frozenset(1)) },
    ),
    tagged(
      'a map with keys of several kinds',
      { text: '{"$":["map",[[1,"a"],["b",2],[null,3],[0.5,4]]]}' },
      ...same(map([1, 'a'], ['b', 2], [null, 3], [float('0.5'), 4])),
    ),
    tagged('an empty Map', { text: '{"$":["map",[]]}' }, { sends: map(), receives: map() }, { receives: {} }),
    tagged(
      'a Map with keys of text',
      { text: '{"$":["map",[["a",1]]]}' },
      { sends: map(['a', 1]), receives: map(['a', 1]) },
      { receives: { a: 1 } },
    ),
    tagged(
      'values inside a map',
      { text: '{"$":["map",[[{"$":["bytes",0]},{"$":["set",[1]]}]]]}', buffers: ['01'] },
      undefined,
      { sends: map([bytes('01'), set(1)]), receives: map([bytes('01'), set(1)]) },
    ),
    tagged(
      'a tuple that is a tuple',
      { text: '{"$":["tuple",[1,{"$":["tuple",[]]}]]}' },
      { sends: tuple(1, tuple()), receives: [1, []] },
      { receives: tuple(1, tuple()) },
    ),
    tagged(
      'a tuple as a key',
      { text: '{"$":["map",[[{"$":["tuple",[1,2]]},3]]]}' },
      { sends: map([tuple(1, 2), 3]) },
      { receives: map([tuple(1, 2), 3]) },
    ),
    tagged(
      'an object that looks like a tag, in a tagged envelope',
      { text: '[{"$":["object",{"$":["int","5"]}]},{"$":["float","nan"]}]' },
      ...same([fields(['$', ['int', '5']]), float('nan')]),
    ),
    tagged(
      'a tagged value inside such an object',
      { text: '{"$":["object",{"$":{"$":["float","nan"]}}]}' },
      ...same(fields(['$', float('nan')])),
    ),
    tagged(
      'such an object inside such an object',
      { text: '[{"$":["object",{"$":{"$":["object",{"$":1}]}}]},{"$":["float","inf"]}]' },
      ...same([fields(['$', fields(['$', 1])]), float('inf')]),
    ),
    tagged(
      'an object that has more keys than "$" is no tag',
      { text: '[{"$":["int","5"],"a":1},{"$":["float","nan"]}]' },
      ...same([fields(['$', ['int', '5']], ['a', 1]), float('nan')]),
    ),
    tagged(
      'a registered type',
      { text: '{"$":["type","point",{"x":1,"y":{"$":["float","nan"]}}]}' },
      ...same(point(1, float('nan'))),
    ),
    tagged(
      'a registered type inside another',
      { text: '{"$":["type","point",{"x":{"$":["type","point",{"x":1,"y":2}]},"y":[3]}]}' },
      ...same(point(point(1, 2), [3])),
    ),
    tagged(
      'maps nested 256 deep',
      { text: '{"$":["map",[[1,'.repeat(255) + '[]' + ']]]}'.repeat(255) },
      undefined,
      { sends: special('nested-maps', { depth: 256 }), receives: special('nested-maps', { depth: 256 }) },
    ),
  ];
}

function fromJavaScript(): unknown[] {
  const sends = (
    name: string,
    json: string,
    value: Described,
    python: Described = JSON.parse(json),
  ): unknown => vector(name, { text: json }, { sends: value }, { receives: python });
  return [
    sends('undefined', 'null', special('undefined')),
    sends('undefined in an array', '[1,null]', [1, special('undefined')]),
    sends('a hole in an array', '[1,null,2]', special('holes', { items: [1, 2] })),
    sends('a property that is undefined', '{"a":1}', { a: 1, b: special('undefined') }),
    sends('an object with a toJSON method', '{"at":[1]}', special('to-json', { value: { at: [1] } })),
    sends('an instance of a class', '{"a":1}', special('instance', { fields: { a: 1 } })),
    sends('an object without a prototype', '{"a":1}', special('no-prototype', { fields: { a: 1 } })),
    vector(
      'an own property __proto__',
      { text: '{"__proto__":1}' },
      { receives: map(['__proto__', 1]) },
      { receives: fields(['__proto__', 1]) },
    ),
    tagged(
      'an ArrayBuffer',
      { text: '{"$":["bytes",0]}', buffers: ['0102'] },
      { sends: special('array-buffer', { hex: '0102' }) },
      { receives: bytes('0102') },
    ),
    tagged(
      'a Uint8Array that looks into a larger buffer',
      { text: '{"$":["bytes",0]}', buffers: ['0203'] },
      { sends: special('subarray', { hex: '01020304', from: 1, to: 3 }) },
      { receives: bytes('0203') },
    ),
  ];
}

function fromPython(): unknown[] {
  const sends = (name: string, json: string, value: Described): unknown =>
    vector(name, { text: json }, { receives: JSON.parse(json) }, { sends: value });
  return [
    sends('a tuple', '[1,["a"]]', tuple(1, tuple('a'))),
    sends('a named tuple', '[1,2]', special('namedtuple', { values: [1, 2] })),
    sends(
      'a dataclass',
      '{"name":"a","items":[1]}',
      special('dataclass', { fields: { name: 'a', items: [1] } }),
    ),
    sends('an enum', '[1,"red"]', [special('enum', { value: 1 }), special('enum', { value: 'red' })]),
    sends('a subclass of str, int, float', '["a",1,1.5]', [
      special('subclass', { value: 'a' }),
      special('subclass', { value: 1 }),
      special('subclass', { value: float('1.5') }),
    ]),
    sends(
      'a subclass of dict and list',
      '{"a":[1]}',
      special('subclass', { value: { a: special('subclass', { value: [1] }) } }),
    ),
    tagged(
      'a key __proto__',
      { text: '{"$":["map",[["__proto__",1]]]}' },
      { receives: map(['__proto__', 1]) },
      { sends: fields(['__proto__', 1]), receives: fields(['__proto__', 1]) },
    ),
    tagged(
      'a dict with a key that is no str',
      { text: '{"$":["map",[[1,{"a":2}],["b",3]]]}' },
      { receives: map([1, { a: 2 }], ['b', 3]) },
      { sends: map([1, { a: 2 }], ['b', 3]) },
    ),
    tagged(
      'a dict with a tuple as key',
      { text: '{"$":["map",[[[1,2],3]]]}' },
      { receives: map([[1, 2], 3]) },
      { sends: map([tuple(1, 2), 3]) },
    ),
    tagged(
      'a frozenset',
      { text: '{"$":["frozenset",[1]]}' },
      { sends: frozenset(1), receives: set(1) },
      { sends: frozenset(1), receives: frozenset(1) },
    ),
    tagged(
      'a bytearray',
      { text: '{"$":["bytes",0]}', buffers: ['0102'] },
      { receives: bytes('0102') },
      { sends: special('bytearray', { hex: '0102' }) },
    ),
    tagged(
      'a memoryview of bytes',
      { text: '{"$":["bytes",0]}', buffers: ['0102'] },
      { receives: bytes('0102') },
      { sends: array('u1', '0102') },
    ),
    tagged(
      'an array.array',
      { text: '{"$":["array",0,"i4"]}', buffers: ['0100000002000000'] },
      { receives: array('i4', '0100000002000000') },
      { sends: special('array.array', { typecode: 'i', values: [1, 2] }) },
    ),
    tagged(
      'a memoryview of two dimensions',
      { text: '{"$":["ndarray",0,"i2",[1,2]]}', buffers: ['01000200'] },
      { receives: ndarray('i2', [1, 2], '01000200') },
      { sends: special('memoryview', { format: 'h', shape: [1, 2], hex: '01000200' }) },
    ),
    tagged(
      'a memoryview with steps',
      { text: '{"$":["array",0,"i2"]}', buffers: ['01000300'] },
      { receives: array('i2', '01000300') },
      { sends: special('stepped', { dtype: 'i2', hex: '0100020003000400', step: 2 }) },
    ),
    tagged(
      'a marker in the place of what cannot be encoded',
      { text: '{"a":{"$":["unencodable","builtins.object"]}}', options: { unencodable: 'marker' } },
      { receives: { a: text('unencodable', 'builtins.object') } },
      { sends: { a: special('opaque') } },
    ),
  ];
}

function unencodable(): unknown[] {
  const js = (name: string, value: Described, path: string): unknown => ({
    name,
    language: 'javascript',
    root: 'args',
    value,
    path,
  });
  const py = (
    name: string,
    value: Described,
    path: string,
    type: string,
    options?: Wire['options'],
  ): unknown => ({
    name,
    language: 'python',
    root: 'result',
    value,
    path,
    type,
    ...(options && { options }),
  });
  const steps = (count: number): string => '[0]'.repeat(count);
  return [
    js('a function', [special('function')], 'args[0]'),
    js('a symbol', [{ a: special('symbol') }], 'args[0].a'),
    js('a promise', [special('promise')], 'args[0]'),
    js('an error', [special('error')], 'args[0]'),
    js('a regular expression', [special('regexp')], 'args[0]'),
    js('a WeakMap', [special('weakmap')], 'args[0]'),
    js('an invalid Date', [{ 'odd key': [special('invalid-date')] }], 'args[0]["odd key"][0]'),
    js('a Date that Python does not reach', [date('+010000-01-01T00:00:00.000Z')], 'args[0]'),
    js('an integer of 4301 digits', [special('ten-to-4300')], 'args[0]'),
    js('arrays nested 257 deep', special('nested', { depth: 257 }), `args${steps(256)}`),
    js('a cycle', special('cycle'), 'args[0].self'),
    js('in the value of a Map', [map([5, special('function')])], 'args[0][5]'),
    js('in the key of a Map', [map([special('function'), 5])], 'args[0].keys()[0]'),
    js('in a set', [set(1, special('function'))], 'args[0][1]'),
    py('an object', { rows: [{}, { owner: special('opaque') }] }, 'result.rows[1].owner', 'builtins.object'),
    py('a key that is no name', { 'a b': special('opaque') }, 'result["a b"]', 'builtins.object'),
    py('a function', [special('function')], 'result[0]', 'builtins.function'),
    py('a class', special('class'), 'result', 'builtins.type'),
    py('a naive datetime', [special('naive-datetime')], 'result[0]', 'datetime.datetime'),
    py('an integer of 4301 digits', [special('ten-to-4300')], 'result[0]', 'builtins.int'),
    py(
      'a large integer where integers are an error',
      { a: int('9007199254740992') },
      'result.a',
      'builtins.int',
      { integers: 'error' },
    ),
    py('lists nested 257 deep', special('nested', { depth: 257 }), `result${steps(256)}`, 'builtins.list'),
    py('a cycle', special('cycle'), 'result[0].self', 'builtins.list'),
    py('in the value of a dict', map([5, special('opaque')]), 'result[5]', 'builtins.object'),
    py(
      'in the value of a dict under a tuple',
      map([tuple(1), special('opaque')]),
      'result[object]',
      'builtins.object',
    ),
    py('in the key of a dict', map([1, 1], [special('opaque'), 5]), 'result.keys()[1]', 'builtins.object'),
    py('in a set', [set(special('opaque'))], 'result[0][0]', 'builtins.object'),
    py(
      'in a dataclass',
      special('dataclass', { fields: { name: 'a', items: [special('opaque')] } }),
      'result.items[0]',
      'builtins.object',
    ),
    py('a generator', special('generator'), 'result', 'builtins.generator'),
    py('an exception', [special('exception')], 'result[0]', 'builtins.ValueError'),
    py(
      'a memoryview of a format that the wire lacks',
      special('memoryview', { format: 'P', shape: [1], hex: '0000000000000000' }),
      'result',
      'builtins.memoryview',
    ),
  ];
}

function malformed(): unknown[] {
  const bad = (name: string, json: string, buffers: readonly string[] = []): unknown => ({
    name,
    text: json,
    tagged: true,
    buffers,
  });
  const tag = (...parts: readonly unknown[]): string => JSON.stringify({ $: parts });
  return [
    { name: 'nothing', text: '', tagged: false, buffers: [] },
    { name: 'no JSON', text: '{"a":', tagged: false, buffers: [] },
    { name: 'two values', text: '1 2', tagged: false, buffers: [] },
    { name: 'NaN in JSON', text: '[NaN]', tagged: false, buffers: [] },
    { name: 'Infinity in JSON', text: '-Infinity', tagged: false, buffers: [] },
    { name: 'single quotes', text: "{'a':1}", tagged: false, buffers: [] },
    { name: 'a control character in text', text: '"a\u0000b"', tagged: false, buffers: [] },
    { name: 'brackets without end', text: '['.repeat(5000), tagged: false, buffers: [] },
    bad('a tag that is no array', '{"$":5}'),
    bad('an empty tag', '{"$":[]}'),
    bad('a tag without a name', '{"$":[5]}'),
    bad('a tag that nobody knows', tag('pickle', 'gASV')),
    bad('a tag named by a property of objects', tag('constructor', 'x')),
    bad('a tag named by an object with a toString of its own', tag({ toString: 1 }, 'x')),
    bad('an Arrow table that is not there', tag('arrow', 0)),
    bad('an Arrow table in text', tag('arrow', 'QVJST1cx'), ['00']),
    bad('an int of text', tag('int', 'abc')),
    bad('an int with a fraction', tag('int', '1.5')),
    bad('an int in hexadecimal', tag('int', '0x10')),
    bad('an int with white space', tag('int', ' 5')),
    bad('an int with underscores', tag('int', '1_000')),
    bad('an int that is empty', tag('int', '')),
    bad('an int of 4301 digits', tag('int', `${LONGEST}9`)),
    bad('an int that is a number', tag('int', 5)),
    bad('a float of text', tag('float', 'abc')),
    bad('a float that is Infinity', tag('float', 'Infinity')),
    bad('a float with underscores', tag('float', '1_0.0')),
    bad('bytes without a buffer', tag('bytes', 0)),
    bad('bytes of a buffer beyond the last', tag('bytes', 1), ['00']),
    bad('bytes of a negative buffer', tag('bytes', -1), ['00']),
    bad('bytes of a buffer and a half', tag('bytes', 0.5), ['00']),
    bad('bytes of text', tag('bytes', '0'), ['00']),
    bad('bytes of true', tag('bytes', true), ['00', '01']),
    bad('an array without a dtype', tag('array', 0), ['00']),
    bad('an array of an unknown dtype', tag('array', 0, 'f16'), ['00'.repeat(16)]),
    bad('an array of a dtype that no typed array has', tag('array', 0, 'c8'), ['00'.repeat(8)]),
    bad('an array that ends inside an element', tag('array', 0, 'f8'), ['00'.repeat(9)]),
    bad('an ndarray without a shape', tag('ndarray', 0, 'f8'), ['00'.repeat(8)]),
    bad('an ndarray of another size', tag('ndarray', 0, 'f8', [2]), ['00'.repeat(8)]),
    bad('an ndarray of negative extents', tag('ndarray', 0, 'f8', [-1, -1]), ['00'.repeat(8)]),
    bad('an ndarray of nothing with an extent beyond 2^53', tag('ndarray', 0, 'i1', [0, 2 ** 53]), ['']),
    bad('an ndarray whose size overflows', tag('ndarray', 0, 'i1', [2 ** 32, 2 ** 32]), ['']),
    bad(
      'an ndarray of more axes than numpy has, and of another size',
      tag('ndarray', 0, 'i1', Array(65).fill(1)),
      ['0000'],
    ),
    bad(
      'an ndarray whose size is a number of 32000 digits',
      tag('ndarray', 0, 'i1', Array(2000).fill(2 ** 53 - 1)),
      ['00'],
    ),
    bad('an ndarray of an unknown dtype', tag('ndarray', 0, 'O', [1]), ['00'.repeat(8)]),
    bad('a datetime that is a number', tag('datetime', 5)),
    bad('a decimal that is a number', tag('decimal', 1.1)),
    bad('a set of no array', tag('set', 'abc')),
    bad('a map of no array', tag('map', {})),
    bad('a map of things that are no pairs', tag('map', [[1]])),
    bad('a map of a tagged pair', tag('map', [{ $: ['tuple', [1, 2]] }])),
    bad('a tuple of no array', tag('tuple', 5)),
    bad('an object of no object', tag('object', [1])),
    bad('a type without a value', tag('type', 'point')),
    bad('a type whose name is no text', tag('type', 5, 1)),
    bad('a malformed tag before a value that cannot exist', `[${tag('int', 'x')},${tag('decimal', 'abc')}]`),
    bad('a malformed tag behind a value that cannot exist', `[${tag('decimal', 'abc')},${tag('int', 'x')}]`),
    bad(
      'a malformed tag before a type that is not registered',
      `[${tag('int', 'x')},${tag('type', 'nobody', 1)}]`,
    ),
    bad(
      'a malformed tag behind a type that is not registered',
      `[${tag('type', 'nobody', 1)},${tag('int', 'x')}]`,
    ),
    bad('a malformed tag far inside', `[{"a":[${tag('set', [{ $: ['int', 'x'] }])}]}]`),
  ];
}

function impossible(): unknown[] {
  const cannot = (name: string, value: unknown, path: string, buffers: readonly string[] = []): unknown => ({
    name,
    text: JSON.stringify(value),
    tagged: true,
    buffers,
    root: 'args',
    path,
  });
  const tag = (...parts: readonly unknown[]): unknown => ({ $: parts });
  return [
    cannot('a date that is none', [tag('date', '2026-02-30')], 'args[0]'),
    cannot('a datetime without a zone', [tag('datetime', '2026-11-23T10:00:00')], 'args[0]'),
    cannot('a time that is none', [{ at: tag('time', '25:00:00') }], 'args[0].at'),
    cannot('a date that only newer Pythons read', [tag('date', '20261123')], 'args[0]'),
    cannot('a time without seconds', [tag('time', '10:00')], 'args[0]'),
    cannot(
      'a datetime that only newer Pythons read',
      [tag('datetime', '2026-W48-1T10:00:00+01:00')],
      'args[0]',
    ),
    cannot('a timedelta that is too long', [tag('timedelta', '99999999999999999')], 'args[0]'),
    cannot('a decimal that is none', [tag('decimal', 'abc')], 'args[0]'),
    cannot('a uuid that is none', [{ 'odd key': tag('uuid', 'abc') }], 'args[0]["odd key"]'),
    cannot('an Arrow table that is none', [tag('arrow', 0)], 'args[0]', ['414243']),
    cannot('a complex that is none', [tag('complex', 'abc')], 'args[0]'),
    cannot('a set of lists', [tag('set', [1, [2]])], 'args[0][1]'),
    cannot(
      'a map with an object as key',
      [
        tag('map', [
          ['a', 1],
          [{}, 2],
        ]),
      ],
      'args[0].keys()[1]',
    ),
    cannot('a set of typed arrays', [tag('set', [1, tag('array', 0, 'i4')])], 'args[0][1]', ['00000000']),
    cannot(
      'a map with a typed array as key',
      [tag('map', [[tag('array', 0, 'u1'), 1]])],
      'args[0].keys()[0]',
      ['00'],
    ),
    cannot('inside a map', [tag('map', [[5, tag('decimal', 'abc')]])], 'args[0][5]'),
    cannot('a type that is not registered', [1, tag('type', 'nobody', 1)], 'args[1]'),
    cannot('a registered type whose decoder raises', [tag('type', 'point', 'text')], 'args[0]'),
  ];
}
