import type { LiveFunction } from '../../../src/live/messages.js';

/** A function as Python would write it. */
export function signatureOf({ name, parameters, returns }: LiveFunction): string {
  const parts: string[] = [];
  let positionalOnly = false;
  let keywordsBegan = false;
  for (const parameter of parameters ?? []) {
    const { kind, hint } = parameter;
    if (positionalOnly && kind !== 'positional') parts.push('/');
    if (kind === 'keyword' && !keywordsBegan) parts.push('*');
    positionalOnly = kind === 'positional';
    keywordsBegan ||= kind === 'keyword' || kind === 'rest';
    const stars = kind === 'rest' ? '*' : kind === 'keywords' ? '**' : '';
    const preset =
      parameter.default === undefined
        ? parameter.required || stars !== ''
          ? ''
          : ' = …'
        : ` = ${literal(parameter.default)}`;
    parts.push(`${stars}${parameter.name}${hint === undefined ? '' : `: ${hint}`}${preset}`);
  }
  if (positionalOnly) parts.push('/');
  return `${name}(${parameters === undefined ? '…' : parts.join(', ')})${returns === undefined ? '' : ` -> ${returns}`}`;
}

/** A default value as Python writes it. */
function literal(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}: ${literal(member)}`).join(', ')}}`;
}
