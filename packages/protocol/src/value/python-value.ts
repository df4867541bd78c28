import { UsageError } from '../errors/errors.js';

/**
 * Says which of our own value classes an object is. A registered symbol rather than `instanceof`, so that it holds between the ESM and
 * the CJS copy of this package.
 */
export const VALUE_KIND: unique symbol = Symbol.for('pypool.value') as never;

/** The Python types that have no counterpart in JavaScript and travel as text. */
export type PythonValueType =
  'float' | 'datetime' | 'date' | 'time' | 'timedelta' | 'decimal' | 'uuid' | 'complex' | 'unencodable';

/**
 * A Python value that JavaScript has no type for, as text: `{ type: 'decimal', text: '1.10' }`.
 *
 * Received for `date`, `time`, `timedelta`, `Decimal`, `UUID`, `complex`, and for a `datetime` that a `Date` cannot hold exactly; sent
 * back it is the same value again. `unencodable` is the marker of a value that stayed in Python, `text` being its type.
 */
export class PythonValue {
  declare readonly [VALUE_KIND]: 'python-value';
  readonly type: PythonValueType;
  readonly text: string;

  constructor(type: PythonValueType, text: string) {
    this.type = type;
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

/** A sequence or set that JavaScript has no type for, made by {@link pyTuple} and {@link pyFrozenSet}; only ever sent. */
export class PythonCollection {
  declare readonly [VALUE_KIND]: 'collection';
  readonly type: 'tuple' | 'frozenset';
  readonly items: readonly unknown[];

  constructor(type: 'tuple' | 'frozenset', items: readonly unknown[]) {
    this.type = type;
    this.items = items;
  }
}

Object.defineProperty(PythonValue.prototype, VALUE_KIND, { value: 'python-value' });
Object.defineProperty(PythonCollection.prototype, VALUE_KIND, { value: 'collection' });

/** Send a number as Python `float`, even where it is integral: `pyFloat(5)` is `5.0`. */
export function pyFloat(value: number): PythonValue {
  return new PythonValue('float', floatText(value));
}

/** Send an array as Python `tuple`. Tuples from Python arrive as arrays. */
export function pyTuple(items: readonly unknown[]): PythonCollection {
  return new PythonCollection('tuple', items);
}

/** Send items as Python `frozenset`. Sets of both kinds arrive as `Set`. */
export function pyFrozenSet(items: Iterable<unknown>): PythonCollection {
  return new PythonCollection('frozenset', [...items]);
}

/** Send a `decimal.Decimal`, for example `decimal('1.10')`. */
export function decimal(text: string): PythonValue {
  return checked(
    'decimal',
    text,
    /^[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf(?:inity)?|s?nan\d*)$/i,
  );
}

/** Send a `uuid.UUID` in its usual form, for example `uuid('0f8fad5b-d9cb-469f-a165-70867728950e')`. */
export function uuid(text: string): PythonValue {
  return checked('uuid', text.toLowerCase(), /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/);
}

/** Send a `datetime.datetime` with its zone and microseconds, for example `pyDatetime('2026-11-23T10:00:00.123456+01:00')`. */
export function pyDatetime(text: string): PythonValue {
  return checked(
    'datetime',
    text,
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}(?:\d{3})?)?[+-]\d\d:\d\d(?::\d\d(?:\.\d{6})?)?$/,
  );
}

/** Send a `datetime.date`, for example `pyDate('2026-11-23')`. */
export function pyDate(text: string): PythonValue {
  return checked('date', text, /^\d{4}-\d\d-\d\d$/);
}

/** Send a `datetime.time`, for example `pyTime('10:00:00.123456')`. */
export function pyTime(text: string): PythonValue {
  return checked(
    'time',
    text,
    /^\d\d:\d\d:\d\d(?:\.\d{3}(?:\d{3})?)?(?:[+-]\d\d:\d\d(?::\d\d(?:\.\d{6})?)?)?$/,
  );
}

/** Send a `datetime.timedelta`, in seconds as decimal text with at most 6 decimals, for example `pyTimedelta('-0.5')`. */
export function pyTimedelta(seconds: string): PythonValue {
  return checked('timedelta', seconds, /^-?\d+(?:\.\d{1,6})?$/);
}

/** Send a `complex`. */
export function pyComplex(real: number, imaginary: number): PythonValue {
  const text = floatText(imaginary);
  return new PythonValue('complex', `${floatText(real)}${text.startsWith('-') ? '' : '+'}${text}j`);
}

/** Text of a number in the form Python's `float()` reads, always recognisable as a float. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function checked(type: PythonValueType, text: string, form: RegExp): PythonValue {
  if (form.test(text)) return new PythonValue(type, text);
  throw new UsageError({
    code: 'invalid-arguments',
    message: `${JSON.stringify(text)} is not the text of a Python ${type}.`,
    context: { type, text },
  });
}
