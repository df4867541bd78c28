import { findLargeNumber } from '../../../src/functions/find-large-number.js';
import type { LiveParameter } from '../../../src/live/messages.js';

/** How a parameter is filled in: as the text itself, as JSON or else the text itself, as a choice, as a file, or as JSON. */
export type FieldKind = 'text' | 'json-or-text' | 'choice' | 'file' | 'json';

/** What was filled in for each parameter, by name: text, or a file. */
export type Inputs = Readonly<Record<string, string | File | undefined>>;

/** What a call is sent with, or what is wrong with which field. */
export type Arguments =
  /** An object holds arguments by name, an array by position. */
  | { readonly kind: 'json'; readonly values: Values | readonly unknown[] }
  | { readonly kind: 'bytes'; readonly body: File; readonly values: Values }
  | { readonly kind: 'wrong'; readonly problems: Readonly<Record<string, string>> };

type Values = Readonly<Record<string, unknown>>;

/** How to fill in a parameter. */
export function fieldKind({ schema, kind }: LiveParameter): FieldKind {
  if (kind === 'rest' || kind === 'keywords') return 'json';
  if (schema['contentMediaType'] !== undefined) return 'file';
  if (choicesIn(schema) !== undefined) return 'choice';
  if (schema['type'] === 'string') return 'text';
  const { anyOf } = schema as { anyOf?: readonly { readonly type?: unknown }[] };
  return anyOf?.some(({ type }) => type === 'string') === true ? 'json-or-text' : 'json';
}

/** The values a parameter can have at all, where they are few. */
export function choicesIn(schema: LiveParameter['schema']): readonly unknown[] | undefined {
  if (schema['type'] === 'boolean') return [true, false];
  return Array.isArray(schema['enum']) ? (schema['enum'] as unknown[]) : undefined;
}

/** What goes in the field of a parameter, for people. */
export function hintFor(parameter: LiveParameter): string {
  const { kind, hint, required } = parameter;
  if (kind === 'rest') return 'a JSON array of further arguments by position';
  if (kind === 'keywords') return 'a JSON object of further arguments by name';
  const what = fieldKind(parameter);
  const parts = [
    hint ?? (what === 'json' ? 'any JSON' : undefined),
    what === 'text' ? 'text as it is' : what === 'json-or-text' ? 'JSON, or else text as it is' : undefined,
    required
      ? undefined
      : parameter.default === undefined
        ? 'may be empty'
        : `empty: ${JSON.stringify(parameter.default)}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** Read what was filled in. A field that may be left empty and is, is not sent: Python's own default holds. */
export function readArguments(parameters: readonly LiveParameter[], inputs: Inputs): Arguments {
  const read = new Map<LiveParameter, unknown>();
  const problems: Record<string, string> = {};
  let body: File | undefined;
  for (const parameter of parameters) {
    const input = inputs[parameter.name];
    const outcome = input instanceof File ? { value: (body = input) } : readField(parameter, input);
    if (outcome === undefined) continue;
    if ('problem' in outcome) problems[parameter.name] = outcome.problem;
    else read.set(parameter, outcome.value);
  }
  const rest = parameters.find(({ kind }) => kind === 'rest');
  const byPosition =
    rest !== undefined && read.has(rest) ? positions(parameters, read, rest, problems) : undefined;
  if (Object.keys(problems).length > 0) return { kind: 'wrong', problems };
  if (byPosition !== undefined) return { kind: 'json', values: byPosition };
  const values: Record<string, unknown> = {};
  for (const [{ name, kind }, value] of read) {
    if (kind === 'keywords') Object.assign(values, value);
    else if (!(value instanceof File)) values[name] = value;
  }
  return body === undefined ? { kind: 'json', values } : { kind: 'bytes', body, values };
}

type FieldOutcome = { readonly value: unknown } | { readonly problem: string } | undefined;

function readField(parameter: LiveParameter, input = ''): FieldOutcome {
  const { name, kind, required } = parameter;
  const how = fieldKind(parameter);
  if (how === 'text' && (input !== '' || required)) return { value: input };
  if (input.trim() === '') return required ? { problem: `${name} is needed.` } : undefined;
  let value: unknown;
  try {
    value = JSON.parse(input);
  } catch {
    if (how === 'json-or-text') return { value: input };
    const text = input.trim();
    const quoted = /^[\w.-]+$/.test(text) ? ` Text needs quotes: ${JSON.stringify(text)}` : '';
    return { problem: `This is not JSON.${quoted}` };
  }
  // The gateway refuses them, but of what is parsed here and written again it would get the rounded one, or null.
  const large = findLargeNumber(input);
  if (large !== undefined) return { problem: `${name}${large.place} ${large.message}, in quotes.` };
  if (kind === 'rest' && !Array.isArray(value)) return { problem: 'This is no array.' };
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return kind === 'keywords' && !isObject ? { problem: 'This is no object.' } : { value };
}

/** With further positions a call goes by position, which leaves no place for names. */
function positions(
  parameters: readonly LiveParameter[],
  read: ReadonlyMap<LiveParameter, unknown>,
  rest: LiveParameter,
  problems: Record<string, string>,
): readonly unknown[] {
  const values: unknown[] = [];
  for (const parameter of parameters) {
    const { name, kind } = parameter;
    if (kind === 'rest') continue;
    const isGiven = read.has(parameter);
    if (kind === 'keyword' || kind === 'keywords') {
      if (isGiven) problems[name] = `This cannot be sent along with ${rest.name}.`;
    } else if (isGiven || parameter.default !== undefined) {
      values.push(isGiven ? read.get(parameter) : parameter.default);
    } else {
      problems[name] ??= `${name} is needed before ${rest.name}.`;
    }
  }
  return [...values, ...(read.get(rest) as unknown[])];
}
