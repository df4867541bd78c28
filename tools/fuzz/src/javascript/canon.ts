import type * as Protocol from '@pypool/protocol';

/** Where two values that this side tells apart are one in Python (`1` and `Decimal(1)` as keys), nothing can be compared. */
export const INCOMPARABLE = '?';

/** A class of the application's own, registered as `point` on both sides. */
export class Point {
  constructor(
    readonly x: unknown,
    readonly y: unknown,
  ) {}
}

/** What {@link canon} must know of the package under test. */
export type ValueClasses = Pick<typeof Protocol, 'NdArray' | 'PythonValue'>;

const DTYPES: Readonly<Record<string, string>> = {
  Int8Array: 'i1',
  Int16Array: 'i2',
  Uint16Array: 'u2',
  Int32Array: 'i4',
  Uint32Array: 'u4',
  BigInt64Array: 'i8',
  BigUint64Array: 'u8',
  Float32Array: 'f4',
  Float64Array: 'f8',
};

/**
 * A decoded value as text that both languages write alike: numbers by their double, objects and maps by their sorted entries.
 *
 * @param inKey - Within a key or a set's item, where Python takes `true` for 1.
 */
export function canon(value: unknown, classes: ValueClasses, inKey = false): string {
  switch (typeof value) {
    case 'undefined':
      return 'n';
    case 'boolean':
      return inKey ? number(Number(value)) : value ? 't' : 'f';
    case 'number':
      return number(value);
    case 'bigint':
      return number(Number(value));
    case 'string':
      return text(value);
    case 'object':
      return value === null ? 'n' : object(value, classes, inKey);
    default:
      return `<${typeof value}>`;
  }
}

function object(value: object, classes: ValueClasses, inKey: boolean): string {
  const inner = (item: unknown): string => canon(item, classes, inKey);
  if (Array.isArray(value)) return `[${value.map(inner).join(',')}]`;
  if (value instanceof Map) return entries([...value], classes);
  if (value instanceof Set) {
    return `<${[...new Set([...value].map((item) => canon(item, classes, true)))].sort().join(',')}>`;
  }
  if (value instanceof Point) return `P(${inner(value.x)},${inner(value.y)})`;
  if (value instanceof Date) return inKey ? INCOMPARABLE : `T:datetime:${value.getTime()}`;
  if (value instanceof classes.PythonValue) return inKey ? INCOMPARABLE : pythonValue(value);
  if (value instanceof classes.NdArray) return `N${value.dtype}[${value.shape.join(',')}]${hex(value.data)}`;
  if (ArrayBuffer.isView(value)) {
    const dtype = DTYPES[value.constructor.name];
    return dtype === undefined ? `b${hex(value)}` : `a${dtype}${hex(value)}`;
  }
  return entries(Object.entries(value), classes);
}

/** The last of equal keys counts, as in Python and JSON. */
function entries(pairs: readonly (readonly [unknown, unknown])[], classes: ValueClasses): string {
  const byKey = new Map<string, string>();
  for (const [key, item] of pairs) byKey.set(canon(key, classes, true), canon(item, classes));
  return `{${[...byKey.keys()]
    .sort()
    .map((key) => `${key}:${byKey.get(key)}`)
    .join(',')}}`;
}

const double = Buffer.alloc(8);

function number(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return `d${value + 0 || 0}`;
  if (Number.isNaN(value)) return 'dnan';
  double.writeDoubleBE(value);
  return `d${double.toString('hex')}`;
}

function text(value: string): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function pythonValue({ type, text: said }: Protocol.PythonValue): string {
  if (type !== 'datetime') return `T:${type}`;
  // UTC in another spelling than Python's own, which a Date is not made of.
  return /[+-]00:00(:00(\.0+)?)?$/.test(said) && !/\.\d{3}(?!000)\d{3}\+00:00$/.test(said)
    ? INCOMPARABLE
    : 'T:datetime:-';
}

function hex(view: ArrayBufferView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex');
}
