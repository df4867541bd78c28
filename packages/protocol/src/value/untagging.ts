import { UsageError } from '../errors/errors.js';
import { protocolError } from '../errors/protocol-error.js';
import { ARROW_TYPE, ArrowIpc, isArrowType } from './arrow.js';
import { MAX_ENVELOPE_DEPTH } from './depth.js';
import { isDtype, viewAs, DTYPES } from './dtype.js';
import { NdArray, isExtent, shapeBytes } from './ndarray.js';
import { PythonValue, type PythonValueType } from './python-value.js';
import type { ValueType } from './value-type.js';

/** How many parts each tag has, itself included. */
const PARTS: Readonly<Record<string, number>> = { array: 3, ndarray: 4, type: 3 };
const USUAL_PARTS = 2;

/** The tags whose values arrive as text. */
const TEXT_TAGS: ReadonlySet<string> = new Set<PythonValueType>([
  'date',
  'time',
  'timedelta',
  'decimal',
  'uuid',
  'complex',
  'unencodable',
]);

const INTEGER = /^-?\d{1,4300}$/;
const FLOAT = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/;
const DATETIME =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{3})(\d{3})?)?([+-]\d\d:\d\d(?::\d\d(?:\.\d{6})?)?)$/;

/** Puts one value together from parsed JSON and buffers: the inverse of `Tagging`. Anything unforeseen is a `protocol` error. */
export class Untagging {
  readonly #types: ReadonlyMap<string, ValueType>;
  readonly #buffers: readonly Uint8Array[];
  /** Without tags there is still `__proto__` to look for. */
  readonly #tagged: boolean;
  /** The first value of a registered type that cannot be here: told once all is known to be well-formed. */
  #undecodable: UsageError | undefined;

  constructor(types: ReadonlyMap<string, ValueType>, buffers: readonly Uint8Array[], tagged: boolean) {
    this.#types = types;
    this.#buffers = buffers;
    this.#tagged = tagged;
  }

  /** `value` comes from `JSON.parse` and is ours: containers are changed in place. */
  decode(value: unknown): unknown {
    const decoded = this.#any(value, 0);
    if (this.#undecodable) throw this.#undecodable;
    return decoded;
  }

  #any(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= MAX_ENVELOPE_DEPTH)
      throw protocolError(`a value is nested more than ${MAX_ENVELOPE_DEPTH} deep`);
    if (Array.isArray(value)) return this.#items(value, depth + 1);
    const record = value as Record<string, unknown>;
    const tag = this.#tagged ? tagIn(record) : undefined;
    return tag === undefined ? this.#record(record, depth + 1) : this.#value(tag, depth + 1);
  }

  #items(items: unknown[], depth: number): unknown[] {
    for (let index = 0; index < items.length; index++) {
      const item = items[index];
      if (typeof item === 'object' && item !== null) items[index] = this.#any(item, depth);
    }
    return items;
  }

  #record(record: Record<string, unknown>, depth: number): unknown {
    // JSON.parse makes `__proto__` an own property, harmless until somebody copies it with Object.assign.
    if (Object.hasOwn(record, '__proto__')) {
      return new Map(Object.keys(record).map((key) => [key, this.#any(record[key], depth)]));
    }
    for (const key in record) {
      const item = record[key];
      if (typeof item === 'object' && item !== null) record[key] = this.#any(item, depth);
    }
    return record;
  }

  #value(tag: readonly unknown[], depth: number): unknown {
    const [name, body, third, fourth] = tag;
    if (tag.length !== partsOf(name)) throw malformed(tag);
    switch (name) {
      case 'int':
        return BigInt(textOf(tag, body, INTEGER));
      case 'float':
        return floatOf(tag, body);
      case 'bytes':
        return this.#buffer(tag, body);
      case 'array':
        return this.#array(tag, body, third);
      case 'ndarray':
        return this.#ndarray(tag, body, third, fourth);
      case 'arrow':
        return this.#arrow(tag, body);
      case 'datetime':
        return datetimeOf(tag, body);
      case 'set':
      case 'frozenset':
        return new Set(this.#items(arrayOf(tag, body), depth));
      case 'tuple':
        return this.#items(arrayOf(tag, body), depth);
      case 'map':
        return this.#map(tag, body, depth);
      case 'object':
        return this.#record(recordOf(tag, body), depth);
      case 'type':
        return this.#registered(tag, body, third, depth);
      default:
        if (typeof name === 'string' && TEXT_TAGS.has(name)) {
          return new PythonValue(name as PythonValueType, textOf(tag, body));
        }
        throw malformed(tag);
    }
  }

  #map(tag: readonly unknown[], body: unknown, depth: number): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    for (const entry of arrayOf(tag, body)) {
      if (!Array.isArray(entry) || entry.length !== 2) throw malformed(tag);
      map.set(this.#any(entry[0], depth), this.#any(entry[1], depth));
    }
    return map;
  }

  #buffer(tag: readonly unknown[], index: unknown): Uint8Array {
    const buffer = typeof index === 'number' ? this.#buffers[index] : undefined;
    if (buffer === undefined) throw malformed(tag);
    return buffer;
  }

  #array(tag: readonly unknown[], index: unknown, dtype: unknown): unknown {
    const bytes = this.#buffer(tag, index);
    const view = isDtype(dtype) && DTYPES[dtype].native ? viewAs(bytes, dtype) : undefined;
    if (view === undefined) throw malformed(tag);
    return view;
  }

  #ndarray(tag: readonly unknown[], index: unknown, dtype: unknown, shape: unknown): NdArray {
    const bytes = this.#buffer(tag, index);
    if (
      !isDtype(dtype) ||
      dtype === 'u1c' ||
      !isShape(shape) ||
      shapeBytes(shape, dtype) !== bytes.byteLength
    )
      throw malformed(tag);
    // As large as the shape says, so a whole number of elements.
    return new NdArray(viewAs(bytes, dtype)!, shape, dtype);
  }

  #registered(tag: readonly unknown[], name: unknown, payload: unknown, depth: number): unknown {
    if (typeof name !== 'string') throw malformed(tag);
    const decoded = this.#any(payload, depth);
    if (this.#undecodable) return undefined;
    const type = this.#types.get(name);
    if (type !== undefined) return this.#made(type, decoded);
    this.#undecodable = undecodable(name, 'is not registered in this process');
    return undefined;
  }

  #arrow(tag: readonly unknown[], index: unknown): unknown {
    const stream = new ArrowIpc(this.#buffer(tag, index));
    const type = this.#types.get(ARROW_TYPE);
    return type !== undefined && isArrowType(type) ? this.#made(type, stream) : stream;
  }

  #made(type: ValueType, payload: unknown): unknown {
    // What follows may be malformed, which is worse. No decoder of the application's sees a value that lacks a part.
    if (this.#undecodable) return undefined;
    try {
      return type.decode(payload);
    } catch (cause) {
      this.#undecodable = undecodable(type.name, 'could not be decoded', cause);
      return undefined;
    }
  }
}

/** The peer did nothing wrong, so only the call fails whose reply this was. */
function undecodable(name: string, what: string, cause?: unknown): UsageError {
  return new UsageError({
    code: 'unencodable',
    message: `A value of the registered type ${JSON.stringify(name)} arrived from Python, and the type ${what}.`,
    outcome: 'finished',
    context: { type: name },
    cause,
  });
}

/** The tag in an object whose only key is `"$"`. */
function tagIn(record: Record<string, unknown>): readonly unknown[] | undefined {
  if (!Object.hasOwn(record, '$')) return undefined;
  for (const key in record) if (key !== '$') return undefined;
  const tag = record['$'];
  if (!isArray(tag)) throw protocolError('a tag is not an array');
  return tag;
}

function partsOf(name: unknown): number {
  return typeof name === 'string' && Object.hasOwn(PARTS, name) ? PARTS[name]! : USUAL_PARTS;
}

function malformed(tag: readonly unknown[]): Error {
  // Not String(): the name may be an object with a `toString` of its own.
  const [name] = tag;
  return protocolError(
    `a tagged value is malformed: ${typeof name === 'string' ? name.slice(0, 40) : typeof name}`,
  );
}

function textOf(tag: readonly unknown[], body: unknown, form?: RegExp): string {
  if (typeof body !== 'string' || (form && !form.test(body))) throw malformed(tag);
  return body;
}

function arrayOf(tag: readonly unknown[], body: unknown): unknown[] {
  if (!isArray(body)) throw malformed(tag);
  return body;
}

/** `Array.isArray` makes `any[]` of `unknown`. */
function isArray(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

function recordOf(tag: readonly unknown[], body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw malformed(tag);
  return body as Record<string, unknown>;
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every(isExtent);
}

function floatOf(tag: readonly unknown[], body: unknown): number {
  switch (body) {
    case 'nan':
      return NaN;
    case 'inf':
      return Infinity;
    case '-inf':
      return -Infinity;
    default:
      return Number(textOf(tag, body, FLOAT));
  }
}

/** A `Date` where it holds the moment exactly and the zone is UTC; otherwise the text. */
function datetimeOf(tag: readonly unknown[], body: unknown): Date | PythonValue {
  const text = textOf(tag, body);
  const [, seconds, millis = '000', micros = '000', zone] = DATETIME.exec(text) ?? [];
  if (seconds === undefined) throw malformed(tag);
  if (zone !== '+00:00' || micros !== '000') return new PythonValue('datetime', text);
  const date = new Date(`${seconds}.${millis}Z`);
  // V8 takes 30 February for 2 March, and knows a year 0.
  if (seconds.startsWith('0000') || Number.isNaN(date.getTime()) || !date.toISOString().startsWith(seconds))
    throw malformed(tag);
  return date;
}
