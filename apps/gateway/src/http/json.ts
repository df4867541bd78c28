import { ArrowIpc, createError, isPlainObject, NdArray, PythonValue, shown } from '@pypool/protocol';

/**
 * A result as JSON.
 *
 * Exact, or not at all: integers beyond 2^53 are written in full, and NaN and Infinity, which JSON has not, are an error that names the place.
 * Bytes in other values are base64, dates ISO 8601, what has no type in JavaScript (Decimal, UUID) its text, sets arrays, and arrays of numpy
 * `{ dtype, shape, data }`.
 *
 * @throws PypoolError `unencodable`, outcome `finished`
 */
export function toJson(value: unknown): string {
  return isPlain(value) ? JSON.stringify(value) : write(value, 'result');
}

/** Whether `JSON.stringify` writes it as it is. */
function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      // JSON.stringify writes -0 as 0.
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      if (value === null) return true;
      if (Array.isArray(value)) return value.every(isPlain);
      if (!isPlainObject(value)) return false;
      for (const key in value) if (!isPlain(value[key])) return false;
      return true;
    default:
      return false;
  }
}

function write(value: unknown, path: string): string {
  if (isPlain(value)) return JSON.stringify(value);
  if (typeof value === 'bigint') return String(value);
  if (Object.is(value, -0)) return '-0.0';
  if (value === undefined) return 'null';
  if (Array.isArray(value)) return writeItems(value, path);
  if (value instanceof Date || value instanceof PythonValue) return JSON.stringify(value);
  if (value instanceof ArrowIpc) return write(value.data, path);
  if (value instanceof Set) return writeItems([...value], path);
  if (value instanceof Map) return writeMap(value, path);
  if (value instanceof NdArray) {
    const { dtype, shape, data } = value;
    return writeEntries([['dtype', dtype], ['shape', shape], ['data', [...data]]], path); // prettier-ignore
  }
  if (value instanceof Uint8Array) return JSON.stringify(asBuffer(value).toString('base64'));
  if (ArrayBuffer.isView(value)) return writeItems([...(value as unknown as Iterable<unknown>)], path);
  if (isPlainObject(value)) return writeEntries(Object.entries(value), path);
  throw createError({
    code: 'unencodable',
    message: `The function returned what JSON cannot hold: ${path} is ${shown(value)}.`,
    outcome: 'finished',
    context: { path },
  });
}

function writeItems(items: readonly unknown[], path: string): string {
  return `[${items.map((item, at) => write(item, `${path}[${at}]`)).join(',')}]`;
}

/** An object where all keys are texts, and else pairs. */
function writeMap(map: ReadonlyMap<unknown, unknown>, path: string): string {
  const entries = [...map];
  const byText = entries.every((entry): entry is [string, unknown] => typeof entry[0] === 'string');
  return byText ? writeEntries(entries, path) : writeItems(entries, path);
}

function writeEntries(entries: readonly (readonly [string, unknown])[], path: string): string {
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${write(value, `${path}.${key}`)}`).join(',')}}`;
}

/** The same bytes, not copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
