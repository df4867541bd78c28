import { UsageError } from '../errors/errors.js';
import { DTYPES, type Dtype, type TypedArray, dtypeOf, isDtype } from './dtype.js';
import { VALUE_KIND } from './python-value.js';

/** An n-dimensional array in C order: `numpy.ndarray` in Python. */
export class NdArray {
  declare readonly [VALUE_KIND]: 'ndarray';
  /** All elements, the last axis running fastest. Complex numbers are pairs (real, imaginary), `f2` its raw 16 bits, `b1` 0 or 1. */
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly dtype: Dtype;

  constructor(data: TypedArray, shape: readonly number[], dtype: Dtype) {
    this.data = data;
    this.shape = shape;
    this.dtype = dtype;
  }
}

Object.defineProperty(NdArray.prototype, VALUE_KIND, { value: 'ndarray' });

/**
 * Send a typed array as `numpy.ndarray`.
 *
 * @param shape - Length of each axis. `[]` is a scalar array.
 * @param dtype - What the elements are, where the class of `data` does not say it: `b1`, `f2`, `c8`, `c16`.
 * @throws UsageError `invalid-arguments` where shape and length disagree.
 */
export function ndarray(data: TypedArray, shape: readonly number[] = [data.length], dtype?: Dtype): NdArray {
  const known = dtypeOf(data);
  // numpy knows no clamping.
  const type = dtype ?? (known === 'u1c' ? 'u1' : known);
  if (known === undefined || !isDtype(type) || type === 'u1c') {
    throw invalid('The data of an ndarray is a typed array of a known dtype.', { dtype: String(type) });
  }
  const bytes = shapeBytes(shape, type);
  if (bytes !== data.byteLength) {
    throw invalid(
      `An ndarray of shape [${shape.join(', ')}] and dtype ${type} takes ${bytes} bytes; the data has ${data.byteLength}.`,
      { shape: [...shape], dtype: type, bytes: data.byteLength },
    );
  }
  return new NdArray(data, Object.freeze([...shape]), type);
}

/** How many bytes an array takes; NaN where the shape is none. */
export function shapeBytes(shape: readonly number[], dtype: Dtype): number {
  let bytes = DTYPES[dtype].itemBytes;
  for (const length of shape) bytes *= isExtent(length) ? length : NaN;
  // What went beyond a double before it met a 0 is NaN, too.
  return Number.isNaN(bytes) && shape.includes(0) && shape.every(isExtent) ? 0 : bytes;
}

/** Whether a number is the length of an axis. */
export function isExtent(length: unknown): length is number {
  return Number.isSafeInteger(length) && (length as number) >= 0;
}

function invalid(message: string, context: Readonly<Record<string, unknown>>): UsageError {
  return new UsageError({ code: 'invalid-arguments', message, context });
}
