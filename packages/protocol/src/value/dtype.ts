/** The element types of arrays on the wire, little-endian. `b1` is bool, `u1c` is `Uint8ClampedArray`, `c8` and `c16` are complex. */
export type Dtype =
  'i1' | 'i2' | 'i4' | 'i8' | 'u1' | 'u1c' | 'u2' | 'u4' | 'u8' | 'f2' | 'f4' | 'f8' | 'c8' | 'c16' | 'b1';

/** The arrays that back a {@link Dtype}. */
export type TypedArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** The element types on the wire: those of numpy, and `u1c`, the `Uint8ClampedArray`. */
export type WireDtype = Dtype | 'u1c';

interface DtypeFacts {
  /** Bytes of one element. */
  readonly itemBytes: number;
  readonly array: new (buffer: ArrayBufferLike, offset: number, length: number) => TypedArray;
  /** Whether a typed array of that class says all: of `f2`, complex and bool it shows only the raw numbers. */
  readonly native: boolean;
}

/** What each dtype is in JavaScript. Complex numbers are pairs (real, imaginary), `f2` its raw 16 bits, `b1` 0 or 1. */
export const DTYPES: Readonly<Record<WireDtype, DtypeFacts>> = {
  i1: { itemBytes: 1, array: Int8Array, native: true },
  i2: { itemBytes: 2, array: Int16Array, native: true },
  i4: { itemBytes: 4, array: Int32Array, native: true },
  i8: { itemBytes: 8, array: BigInt64Array, native: true },
  u1: { itemBytes: 1, array: Uint8Array, native: true },
  u1c: { itemBytes: 1, array: Uint8ClampedArray, native: true },
  u2: { itemBytes: 2, array: Uint16Array, native: true },
  u4: { itemBytes: 4, array: Uint32Array, native: true },
  u8: { itemBytes: 8, array: BigUint64Array, native: true },
  f2: { itemBytes: 2, array: Uint16Array, native: false },
  f4: { itemBytes: 4, array: Float32Array, native: true },
  f8: { itemBytes: 8, array: Float64Array, native: true },
  c8: { itemBytes: 8, array: Float32Array, native: false },
  c16: { itemBytes: 16, array: Float64Array, native: false },
  b1: { itemBytes: 1, array: Uint8Array, native: false },
};

const DTYPE_OF_CLASS: ReadonlyMap<string, WireDtype> = new Map(
  (Object.keys(DTYPES) as WireDtype[])
    .filter((name) => DTYPES[name].native)
    .map((name) => [DTYPES[name].array.name, name]),
);

/** Where all typed arrays, of every realm, say their class: a getter that reads the object itself and is not to be fooled. */
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** The dtype of a typed array; `undefined` for anything else (`DataView`, `Float16Array`). */
export function dtypeOf(value: unknown): WireDtype | undefined {
  const name = Reflect.get(typedArray, Symbol.toStringTag, value) as string | undefined;
  return name === undefined ? undefined : DTYPE_OF_CLASS.get(name);
}

/** Whether a name from the wire is a dtype. */
export function isDtype(name: unknown): name is WireDtype {
  return typeof name === 'string' && Object.hasOwn(DTYPES, name);
}

/** Show the bytes of an aligned buffer as the array of `dtype`; `undefined` where they are no whole number of elements. */
export function viewAs(bytes: Uint8Array, dtype: WireDtype): TypedArray | undefined {
  const { array, itemBytes } = DTYPES[dtype];
  if (bytes.byteLength % itemBytes !== 0) return undefined;
  const elementBytes = (array as unknown as { readonly BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
  return new array(bytes.buffer, bytes.byteOffset, bytes.byteLength / elementBytes);
}
