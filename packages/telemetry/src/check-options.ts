import { createError, noSuchOption, shown } from '@pypool/protocol';

type Kind = 'object' | 'number' | 'boolean' | 'optional object';

/**
 * Check options that are few and plain.
 *
 * @throws UsageError `invalid-options` for an option that there is not, or one of another kind; numbers are from 0 up
 */
export function checkOptions(of: string, options: object, kinds: Readonly<Record<string, Kind>>): void {
  const wrong = findWrong(options, kinds);
  if (wrong === undefined) return;
  throw createError({ code: 'invalid-options', message: `Invalid options of ${of}: ${wrong}.` });
}

function findWrong(options: unknown, kinds: Readonly<Record<string, Kind>>): string | undefined {
  if (typeof options !== 'object' || options === null) return `expected an object, got ${shown(options)}`;
  for (const [key, value] of Object.entries(options)) {
    const kind = kinds[key];
    if (value === undefined) continue;
    if (kind === undefined) return `${key}: ${noSuchOption(key, Object.keys(kinds))}`;
    const isRight =
      kind === 'number'
        ? typeof value === 'number' && value >= 0
        : kind === 'optional object'
          ? value === false || isObject(value)
          : kind === 'object'
            ? isObject(value)
            : typeof value === kind;
    if (!isRight) return `${key}: expected ${EXPECTED[kind]}, got ${shown(value)}`;
  }
  return undefined;
}

const EXPECTED: Readonly<Record<Kind, string>> = {
  number: 'a number of at least 0',
  boolean: 'true or false',
  object: 'an object',
  'optional object': 'an object, or false',
};

function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
