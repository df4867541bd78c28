import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { FunctionParameter } from '@pypool/protocol';
import type { FieldError } from '../errors/request-error.js';

type Schema = Readonly<Record<string, unknown>>;

/** Says what is wrong with the value of a parameter; `undefined` where nothing is. */
export type ArgumentCheck = (value: unknown) => FieldError | undefined;

/** The schemas come from Python's type hints, and are compiled once for each function that is served. */
const ajv = new Ajv2020({ strict: false, validateFormats: false });

/** What checks the values of a parameter. At most one error each: a million wrong items are one. */
export function argumentCheck({ name, schema }: FunctionParameter): ArgumentCheck {
  if (isBytes(schema)) return (value) => (value instanceof Uint8Array ? undefined : bytesWanted(name));
  const validate = compile(withoutBytes(schema) as Schema);
  if (validate === undefined) return () => undefined;
  return (value) => (validate(value) ? undefined : fieldError(name, validate.errors?.[0]));
}

/** Whether a parameter takes bytes and nothing else. */
export function isBytes(schema: Schema): boolean {
  return schema['contentMediaType'] === 'application/octet-stream';
}

/** Whether bytes are among what a parameter takes. */
export function mayBeBytes(schema: Schema): boolean {
  const { anyOf } = schema;
  return isBytes(schema) || (Array.isArray(anyOf) && anyOf.some((one: Schema) => mayBeBytes(one)));
}

function bytesWanted(field: string): FieldError {
  return { field, message: 'takes bytes: send them as the body of the request, as application/octet-stream' };
}

function compile(schema: Schema): ValidateFunction | undefined {
  if (Object.keys(schema).length === 0) return undefined;
  try {
    return ajv.compile(schema);
  } catch {
    return undefined; // of a newer runtime: what cannot be understood forbids nothing
  }
}

/** JSON holds no bytes: nothing that is in it fits where bytes are wanted. */
function withoutBytes(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutBytes);
  if (typeof schema !== 'object' || schema === null) return schema;
  if (isBytes(schema as Schema)) return { not: {} };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withoutBytes(value)]));
}

function fieldError(name: string, error: ErrorObject | undefined): FieldError {
  const { instancePath = '', message = 'is not what it should be', keyword, params } = error ?? {};
  const choices =
    keyword === 'enum' ? `: ${JSON.stringify((params as { allowedValues: unknown }).allowedValues)}` : '';
  return { field: name + placeIn(instancePath), message: `${message}${choices}` };
}

/** `/0/x` as `[0].x`. */
function placeIn(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('');
}
