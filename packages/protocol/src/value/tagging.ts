import { UsageError } from '../errors/errors.js';
import { type ArrowIpc, isArrowType } from './arrow.js';
import { MAX_DEPTH } from './depth.js';
import { dtypeOf } from './dtype.js';
import type { NdArray } from './ndarray.js';
import { type Step, pathOf } from './path.js';
import { type PythonCollection, type PythonValue, VALUE_KIND, floatText } from './python-value.js';
import type { ValueType } from './value-type.js';

/** Python refuses to print or read longer integers, and so do we. */
const TOO_LARGE = 10n ** 4300n;

/** Milliseconds of 0001-01-01 and of the end of 9999, the years that Python's `datetime` knows. */
const FIRST_MOMENT = Date.parse('0001-01-01T00:00:00.000Z');
const LAST_MOMENT = Date.parse('9999-12-31T23:59:59.999Z');

/** What a table of Apache Arrow holds that nobody told us of is refused for: its schema. */
const OF_ARROW =
  'a Schema, as tables of Apache Arrow have one: for these, give the option `types: [arrowType(arrow)]`';

/**
 * Takes one value apart into a tree that `JSON.stringify` writes exactly: whatever JSON cannot say becomes `{"$": [tag, ...]}`, bytes
 * go to {@link buffers}. The careful twin of `isPlain`, for the values that it turned down.
 */
export class Tagging {
  readonly buffers: Uint8Array[] = [];
  /** Whether any tag was needed. */
  tagged = false;

  readonly #types: readonly ValueType[];
  #root = '';
  #limit = MAX_DEPTH;
  readonly #steps: Step[] = [];
  /** The containers around the value in hand, outermost first, and how many steps led to each. */
  readonly #around: object[] = [];
  readonly #stepsTo: number[] = [];

  constructor(types: readonly ValueType[]) {
    this.#types = types;
  }

  /**
   * @param root - What to call the value in an error.
   * @param wrappers - How many levels around the values proper do not count as their depth.
   */
  encode(value: unknown, root: string, wrappers = 0): unknown {
    this.#root = root;
    this.#limit = MAX_DEPTH + wrappers;
    try {
      return this.#any(value);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      // A getter, a proxy, a toJSON, or a registered type threw: the steps still lead to where.
      throw this.#unencodable('an object that throws when it is read', error);
    }
  }

  #any(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'undefined':
        return null;
      case 'number':
        return this.#number(value);
      case 'bigint':
        if (value >= TOO_LARGE || value <= -TOO_LARGE) throw this.#unencodable('an integer over 4300 digits');
        return this.#tag('int', value.toString());
      case 'object':
        return value === null ? null : this.#object(value);
      default:
        throw this.#unencodable(typeof value);
    }
  }

  #number(value: number): unknown {
    if (
      Number.isSafeInteger(value) ? !Object.is(value, -0) : Number.isFinite(value) && !Number.isInteger(value)
    ) {
      return value;
    }
    return this.#tag('float', floatText(value));
  }

  #object(value: object): unknown {
    if (this.#around.length >= this.#limit) throw this.#tooDeep();
    this.#around.push(value);
    this.#stepsTo.push(this.#steps.length);
    const encoded = this.#container(value);
    this.#around.pop();
    this.#stepsTo.pop();
    return encoded;
  }

  #container(value: object): unknown {
    if (Array.isArray(value)) return this.#hasToJson(value) ? this.#toJson(value) : this.#items(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      for (const type of this.#types) {
        if (type.is(value)) return this.#registered(type, value);
      }
      const special = this.#special(value);
      if (special !== undefined) return special;
    }
    if (this.#hasToJson(value)) return this.#toJson(value);
    const kind = tagOf(value);
    if (kind !== 'Object') throw this.#unencodable(kind === 'Schema' ? OF_ARROW : kind);
    return this.#record(value as Record<string, unknown>);
  }

  /** The objects that SPEC.md names, whether or not they have a `toJSON`. */
  #special(value: object): unknown {
    if (VALUE_KIND in value) return this.#ours(value as PythonValue | PythonCollection | NdArray | ArrowIpc);
    if (ArrayBuffer.isView(value)) return this.#view(value);
    switch (tagOf(value)) {
      case 'Date':
        return this.#date(value as Date);
      case 'Map':
        return isOne(Map.prototype, value) ? this.#map(value as Map<unknown, unknown>) : undefined;
      case 'Set':
        return isOne(Set.prototype, value)
          ? this.#tag('set', this.#items([...(value as Set<unknown>)]))
          : undefined;
      case 'ArrayBuffer':
      case 'SharedArrayBuffer':
        return this.#tag('bytes', this.#buffer(new Uint8Array(this.#kept(value as ArrayBuffer))));
      default:
        return undefined;
    }
  }

  #ours(value: PythonValue | PythonCollection | NdArray | ArrowIpc): unknown {
    switch (value[VALUE_KIND]) {
      case 'python-value':
        if (value.type === 'unencodable') throw this.#unencodable(`a marker for ${value.text}`);
        return this.#tag(value.type, value.text);
      case 'collection':
        return this.#tag(value.type, this.#items(value.items));
      case 'ndarray':
        return this.#tag('ndarray', this.#buffer(value.data), value.dtype, value.shape);
      case 'arrow':
        return this.#tag('arrow', this.#buffer(value.data));
    }
  }

  #items(items: readonly unknown[]): unknown[] {
    const encoded: unknown[] = [];
    for (let index = 0; index < items.length; index++) {
      this.#steps.push(index);
      encoded.push(this.#any(items[index]));
      this.#steps.pop();
    }
    return encoded;
  }

  #record(record: Record<string, unknown>): unknown {
    const encoded: Record<string, unknown> = {};
    let count = 0;
    for (const key of Object.keys(record)) {
      const item = record[key];
      if (item === undefined) continue;
      this.#steps.push(key);
      define(encoded, key, this.#any(item));
      this.#steps.pop();
      count++;
    }
    return count === 1 && Object.hasOwn(encoded, '$') ? this.#tag('object', encoded) : encoded;
  }

  #map(map: Map<unknown, unknown>): unknown {
    const entries: unknown[] = [];
    let index = 0;
    for (const [key, item] of map) {
      this.#steps.push({ keyAt: index++ });
      const encodedKey = this.#any(key);
      this.#steps[this.#steps.length - 1] = { valueUnder: key };
      entries.push([encodedKey, this.#any(item)]);
      this.#steps.pop();
    }
    return this.#tag('map', entries);
  }

  #view(view: ArrayBufferView): unknown {
    const dtype = dtypeOf(view);
    if (dtype === 'u1' || view instanceof DataView) return this.#tag('bytes', this.#buffer(view));
    if (dtype === undefined) throw this.#unencodable(tagOf(view));
    return this.#tag('array', this.#buffer(view), dtype);
  }

  #buffer(view: ArrayBufferView): number {
    const bytes = new Uint8Array(this.#kept(view.buffer), view.byteOffset, view.byteLength);
    // Memory that others may write while the socket reads it is copied.
    return this.buffers.push(tagOf(view.buffer) === 'SharedArrayBuffer' ? bytes.slice() : bytes) - 1;
  }

  /** Memory that was transferred is gone from here: it must not go out as nothing. (`detached` is new in Node 21.) */
  #kept<T extends ArrayBufferLike>(buffer: T): T {
    if (buffer.byteLength > 0) return buffer;
    try {
      new Uint8Array(buffer);
    } catch (cause) {
      throw this.#unencodable('memory that was transferred elsewhere', cause);
    }
    return buffer;
  }

  #date(date: Date): unknown {
    const moment = Date.prototype.getTime.call(date);
    if (Number.isNaN(moment)) throw this.#unencodable('an invalid Date');
    if (moment < FIRST_MOMENT || moment > LAST_MOMENT)
      throw this.#unencodable('a Date outside the years 1 to 9999');
    return this.#tag('datetime', new Date(moment).toISOString().replace('Z', '+00:00'));
  }

  #registered(type: ValueType, value: object): unknown {
    const said = this.#any(type.encode(value));
    return isArrowType(type) ? said : this.#tag('type', type.name, said);
  }

  #hasToJson(value: object): value is { toJSON(key: string): unknown } {
    return typeof (value as { toJSON?: unknown }).toJSON === 'function';
  }

  #toJson(value: { toJSON(key: string): unknown }): unknown {
    const made = value.toJSON('');
    // As in JSON.stringify, what toJSON returns is not asked for its toJSON again; an object that returns itself is its properties.
    if (made !== value) return this.#any(made);
    return Array.isArray(made) ? this.#items(made) : this.#record(made as Record<string, unknown>);
  }

  #tag(...tag: unknown[]): unknown {
    this.tagged = true;
    return { $: tag };
  }

  /** Cycles are looked for only here, since a cycle has no end: looking at each step would tax every value. */
  #tooDeep(): UsageError {
    const repeated = this.#around.findIndex((value, index) => this.#around.indexOf(value) < index);
    if (repeated === -1) return this.#unencodable(`a value nested more than ${MAX_DEPTH} deep`);
    this.#steps.length = this.#stepsTo[repeated]!;
    return this.#unencodable('a reference back to a value that holds it');
  }

  #unencodable(type: string, cause?: unknown): UsageError {
    const path = pathOf(this.#root, this.#steps);
    return new UsageError({
      code: 'unencodable',
      message: `Cannot send ${path} to Python: ${type}.`,
      context: { path, type },
      cause,
    });
  }
}

/** `Object.prototype.toString` without its brackets. */
function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Whether an object that calls itself a Map or Set has what only they have inside. */
function isOne(prototype: object, value: object): boolean {
  try {
    Reflect.get(prototype, 'size', value);
    return true;
  } catch {
    // The getter throws for an impostor; it is an object like any other then.
    return false;
  }
}

/** Assignment would set the prototype where the key is `__proto__`. */
function define(record: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    record[key] = value;
  }
}
