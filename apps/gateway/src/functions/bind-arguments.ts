import { nearest, shown, type ExposedFunction, type FunctionParameter } from '@pypool/protocol';
import { invalidFields, type FieldError } from '../errors/request-error.js';
import { refuseLargeNumbers } from './large-numbers.js';
import { argumentCheck, mayBeBytes, type ArgumentCheck } from './argument-check.js';

/** Arguments as a pool takes them. */
export interface BoundArguments {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** Makes arguments of what a request brought, or throws a `RequestError` that names each field that is wrong. */
export interface ArgumentBinder {
  /** Of JSON: an object holds parameters by name, an array by position; `undefined`: none. */
  ofJson(body: unknown): BoundArguments;
  /** Of bytes, which are the first parameter that takes some, or else the first of which nothing is known, and of the query: the others by name. */
  ofBytes(body: Uint8Array, query: Readonly<Record<string, unknown>>): BoundArguments;
}

interface CheckedParameter extends FunctionParameter {
  readonly check: ArgumentCheck;
}

/** Unknown names that one answer tells of. */
const MAX_UNKNOWN = 10;

/** The binder of a function: by its signature, where Python tells it, and else as they come. */
export function bindArguments({ name, signature }: ExposedFunction): ArgumentBinder {
  const parameters = signature?.parameters;
  return parameters == null
    ? UNCHECKED
    : new SignatureBinder(
        name,
        parameters.map((parameter) => ({ ...parameter, check: argumentCheck(parameter) })),
      );
}

const UNCHECKED: ArgumentBinder = {
  ofJson(body) {
    if (body === undefined) return { args: [], kwargs: {} };
    return Array.isArray(body) ? { args: body, kwargs: {} } : { args: [], kwargs: objectOf(body) };
  },
  ofBytes: (body, query) => ({ args: [body], kwargs: query }),
};

class SignatureBinder implements ArgumentBinder {
  readonly #function: string;
  readonly #positional: readonly CheckedParameter[];
  readonly #positionalOnly: readonly CheckedParameter[];
  readonly #named = new Map<string, CheckedParameter>();
  readonly #rest: CheckedParameter | undefined;
  readonly #others: CheckedParameter | undefined;

  constructor(name: string, parameters: readonly CheckedParameter[]) {
    this.#function = name;
    this.#positional = parameters.filter(({ kind }) => kind === 'positional' || kind === 'either');
    this.#positionalOnly = parameters.filter(({ kind }) => kind === 'positional');
    this.#rest = parameters.find(({ kind }) => kind === 'rest');
    this.#others = parameters.find(({ kind }) => kind === 'keywords');
    for (const parameter of parameters)
      if (parameter.kind !== 'rest' && parameter.kind !== 'keywords')
        this.#named.set(parameter.name, parameter);
  }

  ofJson(body: unknown): BoundArguments {
    if (body === undefined) return this.#byName({});
    return Array.isArray(body) ? this.#byPosition(body) : this.#byName(objectOf(body));
  }

  ofBytes(body: Uint8Array, query: Readonly<Record<string, unknown>>): BoundArguments {
    const taker =
      [...this.#named.values()].find(({ schema }) => mayBeBytes(schema)) ??
      this.#positional.find(({ schema }) => Object.keys(schema).length === 0);
    if (taker === undefined)
      throw invalidFields(`${this.#function}() takes no bytes`, [
        { field: 'body', message: 'fits no parameter' },
      ]);
    if (Object.hasOwn(query, taker.name))
      throw invalidFields(`${this.#function}() cannot be called like this`, [
        { field: taker.name, message: 'is the body already' },
      ]);
    // An object would take it for its prototype.
    if (Object.hasOwn(query, '__proto__'))
      throw invalidFields(`${this.#function}() cannot be called like this`, [
        { field: '__proto__', message: 'is no name that a parameter can have here' },
      ]);
    const named: Record<string, unknown> = { [taker.name]: body };
    for (const [name, text] of Object.entries(query)) named[name] = this.#fromQuery(name, text);
    return this.#byName(named, taker);
  }

  #byPosition(values: readonly unknown[]): BoundArguments {
    const errors: FieldError[] = [];
    for (const [at, value] of values.entries()) {
      const parameter = this.#positional[at] ?? this.#rest;
      if (parameter === undefined) {
        errors.push({ field: `[${at}]`, message: `is one too many: there are ${this.#positional.length}` });
        break;
      }
      add(errors, parameter.check(value));
      if (errors.length >= MAX_UNKNOWN) break;
    }
    const given = new Set(this.#positional.slice(0, values.length));
    this.#addMissing(errors, (parameter) => given.has(parameter));
    if (errors.length > 0) throw invalidFields(`${this.#function}() cannot be called like this`, errors);
    return { args: values, kwargs: {} };
  }

  /** @param unchecked what need not be looked at: a body of bytes fits */
  #byName(values: Readonly<Record<string, unknown>>, unchecked?: CheckedParameter): BoundArguments {
    const errors: FieldError[] = [];
    const kwargs: Record<string, unknown> = {};
    let unknown = 0;
    for (const [name, value] of Object.entries(values)) {
      const parameter = this.#named.get(name) ?? this.#others;
      if (parameter === undefined) {
        if ((unknown += 1) <= MAX_UNKNOWN) errors.push(this.#unknown(name));
        continue;
      }
      if (parameter !== unchecked) add(errors, parameter.check(value));
      if (parameter.kind !== 'positional') kwargs[name] = value;
    }
    this.#addMissing(errors, ({ name }) => Object.hasOwn(values, name));
    const args = this.#positionalOnly.length === 0 ? [] : this.#argsOf(values, errors);
    if (errors.length > 0) throw invalidFields(`${this.#function}() cannot be called like this`, errors);
    return { args, kwargs };
  }

  /** Those that Python takes by position alone; one that was left out before another has its default, where that is known. */
  #argsOf(values: Readonly<Record<string, unknown>>, errors: FieldError[]): unknown[] {
    const only = this.#positionalOnly;
    const last = only.findLastIndex(({ name }) => Object.hasOwn(values, name));
    return only.slice(0, last + 1).map((parameter) => {
      if (Object.hasOwn(values, parameter.name)) return values[parameter.name];
      if (!parameter.required && !('default' in parameter))
        errors.push({ field: parameter.name, message: 'has to be given where one after it is' });
      return parameter.default;
    });
  }

  #addMissing(errors: FieldError[], isGiven: (parameter: CheckedParameter) => boolean): void {
    for (const parameter of this.#named.values())
      if (parameter.required && !isGiven(parameter))
        errors.push({ field: parameter.name, message: 'is missing' });
  }

  #unknown(name: string): FieldError {
    const meant = nearest(name, [...this.#named.keys()]);
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    return { field: name, message: `is no parameter of ${this.#function}()${hint}` };
  }

  /** A text where the parameter takes one, and else what its JSON says. */
  #fromQuery(name: string, text: unknown): unknown {
    const parameter = this.#named.get(name) ?? this.#others;
    if (typeof text !== 'string' || parameter === undefined) return text;
    if (parameter.hint !== null && parameter.check(text) === undefined) return text;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return text;
    }
    refuseLargeNumbers(text, value, name);
    return value;
  }
}

function add(errors: FieldError[], error: FieldError | undefined): void {
  if (error !== undefined) errors.push(error);
}

function objectOf(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  throw invalidFields('The arguments cannot be read', [
    {
      field: 'body',
      message: `has to be an object (parameters by name) or an array (by position), not ${shown(body)}`,
    },
  ]);
}
