import { ArrowIpc, NdArray, PythonValue, pyFloat, pyFrozenSet, pyTuple } from '@pypool/protocol';
import type { Dtype, PythonValueType, TypedArray, ValueType } from '@pypool/protocol';

/** A class of the application's own, as the vectors know it. */
export class Point {
  constructor(
    readonly x: unknown,
    readonly y: unknown,
  ) {}
}

export const pointType: ValueType<Point> = {
  name: 'point',
  is: (value): value is Point => value instanceof Point,
  encode: ({ x, y }) => ({ x, y }),
  decode: (payload) => new Point(fieldOf(payload, 'x'), fieldOf(payload, 'y')),
};

function fieldOf(payload: unknown, name: string): unknown {
  if (payload instanceof Map && payload.has(name)) return payload.get(name);
  if (typeof payload === 'object' && payload !== null && Object.hasOwn(payload, name))
    return (payload as Fields)[name];
  throw new Error(`a point has no ${name}`);
}

/** A value as vectors describe it: itself where JSON holds it, or an object with the key `@`. vectors/README.md lists them. */
export type Described = unknown;

type Fields = Readonly<Record<string, unknown>>;

/** Make the value that a vector describes. */
export function valueOf(described: Described): unknown {
  if (Array.isArray(described)) return described.map(valueOf);
  if (typeof described !== 'object' || described === null) return described;
  const fields = described as Fields;
  const kind = fields['@'];
  if (kind === undefined) {
    return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, valueOf(value)]));
  }
  const make = typeof kind === 'string' ? MAKERS[kind] : undefined;
  if (make === undefined)
    throw new Error(`a vector describes a value of unknown kind ${JSON.stringify(kind)}`);
  return make(fields);
}

const TYPED_ARRAYS: Readonly<Record<string, new (buffer: ArrayBuffer) => TypedArray>> = {
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u1c: Uint8ClampedArray,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  f2: Uint16Array,
  f4: Float32Array,
  f8: Float64Array,
  c8: Float32Array,
  c16: Float64Array,
  b1: Uint8Array,
};

const FLOATS: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity };

const MAKERS: Readonly<Record<string, (fields: Fields) => unknown>> = {
  int: ({ text }) => BigInt(text as string),
  float: ({ text }) => FLOATS[text as string] ?? Number(text),
  bytes: ({ hex }) => bytesOf(hex),
  array: ({ dtype, hex }) => arrayOf(dtype, hex),
  ndarray: ({ dtype, shape, hex }) => new NdArray(arrayOf(dtype, hex), shape as number[], dtype as Dtype),
  arrow: ({ hex }) => new ArrowIpc(bytesOf(hex)),
  text: ({ type, text }) => new PythonValue(type as PythonValueType, text as string),
  moment: ({ iso }) => new Date(iso as string),
  set: ({ items }) => new Set(listOf(items)),
  frozenset: ({ items }) => pyFrozenSet(listOf(items)),
  tuple: ({ items }) => pyTuple(listOf(items)),
  map: ({ pairs }) =>
    new Map((pairs as [unknown, unknown][]).map(([key, value]) => [valueOf(key), valueOf(value)])),
  object: ({ fields }) =>
    Object.fromEntries((fields as [string, unknown][]).map(([key, value]) => [key, valueOf(value)])),
  registered: ({ x, y }) => new Point(valueOf(x), valueOf(y)),
  pyFloat: ({ value }) => pyFloat(value as number),
  undefined: () => undefined,
  holes: ({ items }) => withHole(items as unknown[]),
  'to-json': ({ value }) => ({ toJSON: () => valueOf(value) }),
  instance: ({ fields }) => Object.assign(new (class Something {})(), valueOf(fields)),
  'no-prototype': ({ fields }) => Object.assign(Object.create(null) as object, valueOf(fields)),
  'array-buffer': ({ hex }) => bytesOf(hex).buffer,
  subarray: ({ hex, from, to }) => bytesOf(hex).subarray(from as number, to as number),
  nested: ({ depth }) => nested(depth as number),
  function: () => () => 1,
  symbol: () => Symbol('a symbol'),
  promise: () => Promise.resolve(),
  error: () => new Error('an error'),
  regexp: () => /x/,
  weakmap: () => new WeakMap(),
  'invalid-date': () => new Date(NaN),
  'ten-to-4300': () => 10n ** 4300n,
  cycle: () => {
    const inner: Record<string, unknown> = {};
    inner['self'] = inner;
    return [inner];
  },
};

function listOf(items: unknown): unknown[] {
  return (items as unknown[]).map(valueOf);
}

function bytesOf(hex: unknown): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(hex as string, 'hex'));
}

function arrayOf(dtype: unknown, hex: unknown): TypedArray {
  return new TYPED_ARRAYS[dtype as string]!(bytesOf(hex).buffer);
}

/** The first item, a hole, the rest. */
function withHole([first, ...rest]: unknown[]): unknown[] {
  const array: unknown[] = [first];
  rest.forEach((item, index) => (array[index + 2] = item));
  return array;
}

function nested(depth: number): unknown[] {
  let value: unknown[] = [];
  for (let level = 1; level < depth; level++) value = [value];
  return value;
}
