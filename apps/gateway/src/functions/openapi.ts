import type { ExposedFunction, FunctionParameter } from '@pypool/protocol';
import { CALL_HEADERS } from '../http/call-options.js';
import { isBytes, mayBeBytes } from './argument-check.js';
import { PROBLEM_SCHEMA } from './problem-schema.js';

type Json = Readonly<Record<string, unknown>>;

const BYTES = 'application/octet-stream';
const PROBLEM: Json = {
  description: 'What went wrong, as RFC 9457 writes it.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};
const HEADERS: readonly Json[] = [
  {
    name: CALL_HEADERS.timeoutMs,
    in: 'header',
    description: 'Budget of the whole call, the wait for a worker included.',
    schema: { type: 'number', minimum: 0 },
  },
  {
    name: CALL_HEADERS.priority,
    in: 'header',
    description: 'Higher goes first among those that wait.',
    schema: { type: 'number', default: 0 },
  },
  {
    name: CALL_HEADERS.idempotent,
    in: 'header',
    description: 'Whether running it twice is harmless: then it is made again when its worker dies under it.',
    schema: { type: 'boolean' },
  },
];

/** The functions of a pool as an OpenAPI 3.1 document: one operation each. */
export function openApi(
  name: string,
  functions: Iterable<ExposedFunction>,
  { hasToken }: { readonly hasToken: boolean },
): Json {
  const paths: Record<string, Json> = {};
  for (const told of functions) {
    const path = encodeURIComponent(told.name);
    paths[`/call/${path}`] = { post: operation(told, []) };
    paths[`/sessions/{id}/call/${path}`] = { post: operation(told, [SESSION_ID]) };
  }
  return {
    openapi: '3.1.0',
    info: { title: name, version: '1', description: 'Python functions, called over HTTP.' },
    paths,
    components: {
      schemas: { Problem: PROBLEM_SCHEMA },
      ...(hasToken && { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }),
    },
    ...(hasToken && { security: [{ token: [] }] }),
  };
}

const SESSION_ID: Json = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'Any name; the session begins with its first call.',
  schema: { type: 'string', minLength: 1 },
};

function operation(told: ExposedFunction, parameters: readonly Json[]): Json {
  const { doc } = told.signature ?? {};
  const inSession = parameters.length > 0;
  return {
    operationId: inSession ? `${told.name}_in_session` : told.name,
    tags: [inSession ? 'in a session' : 'functions'],
    ...(doc != null && { summary: doc.split('\n', 1)[0], description: doc }),
    parameters: [...parameters, ...HEADERS, ...queryOf(told)],
    ...bodyOf(told),
    responses: { '200': { description: 'What it returns.', content: answerOf(told) }, default: PROBLEM },
  };
}

function bodyOf({ signature }: ExposedFunction): Json {
  const parameters = signature?.parameters;
  if (parameters == null) return { requestBody: { content: { 'application/json': { schema: {} } } } };
  const content: Record<string, Json> = {};
  const needsBytes = parameters.some(({ required, schema }) => required && isBytes(schema));
  if (!needsBytes) content['application/json'] = { schema: byName(parameters) };
  if (parameters.some(({ schema }) => mayBeBytes(schema))) content[BYTES] = { schema: {} };
  return { requestBody: { required: parameters.some(({ required }) => required), content } };
}

/** Beside a body of bytes the other parameters are in the query. */
function queryOf({ signature }: ExposedFunction): readonly Json[] {
  const parameters = signature?.parameters ?? [];
  if (!parameters.some(({ schema }) => mayBeBytes(schema))) return [];
  return parameters
    .filter(({ kind, schema }) => kind !== 'rest' && kind !== 'keywords' && !mayBeBytes(schema))
    .map((parameter) => ({
      name: parameter.name,
      in: 'query',
      description: 'Beside a body of bytes.',
      schema: withDefault(parameter),
    }));
}

function byName(parameters: readonly FunctionParameter[]): Json {
  const others = parameters.find(({ kind }) => kind === 'keywords');
  const named = parameters.filter(({ kind }) => kind !== 'rest' && kind !== 'keywords');
  return {
    type: 'object',
    properties: Object.fromEntries(named.map((parameter) => [parameter.name, withDefault(parameter)])),
    required: named.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: others?.schema ?? false,
  };
}

function withDefault(parameter: FunctionParameter): Json {
  return 'default' in parameter ? { ...parameter.schema, default: parameter.default } : parameter.schema;
}

function answerOf({ stream, signature }: ExposedFunction): Json {
  const schema = signature?.returns?.schema ?? {};
  if (stream) {
    return {
      'application/x-ndjson': {
        schema: { description: 'A line each: {"item": value}, then {"end": true}.' },
      },
      'text/event-stream': { schema: { description: 'An event each, then one named end.' } },
    };
  }
  if (isBytes(schema)) return { [BYTES]: { schema: {} } };
  return { 'application/json': { schema }, ...(mayBeBytes(schema) && { [BYTES]: { schema: {} } }) };
}
