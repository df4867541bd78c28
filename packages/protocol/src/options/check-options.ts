import { createError } from '../errors/create-error.js';
import { noSuchOption } from './no-such-option.js';
import { shown } from './shown.js';

/** What checks options: a zod schema, as far as this needs one. */
export interface OptionsSchema {
  safeParse(
    options: unknown,
  ):
    | { readonly success: true; readonly data: unknown }
    | { readonly success: false; readonly error: { readonly issues: readonly OptionsIssue[] } };
  /** The options that there are, where it is a schema of an object. */
  readonly shape?: Readonly<Record<string, unknown>>;
}

interface OptionsIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Keys that the schema does not know. */
  readonly keys?: readonly string[];
  /** What each of several schemas would have had, where any of them would do. */
  readonly errors?: readonly (readonly OptionsIssue[])[];
}

/**
 * Check options against their schema.
 *
 * @param subject Whose options, for the message: `"env"`, `"spawnLauncher()"`.
 * @param otherNames What some of them are called elsewhere, for "did you mean".
 * @returns the same options, copied as deep as the schema goes, and frozen.
 * @throws UsageError `invalid-options` that names every wrong or unknown one, what was given and what is expected.
 */
export function checkOptions<T extends object>(
  subject: string,
  schema: OptionsSchema,
  options: T,
  otherNames: Readonly<Record<string, string>> = {},
): Readonly<T> {
  const checked = schema.safeParse(options);
  if (checked.success) return Object.freeze(checked.data as T);
  const issues = checked.error.issues.flatMap((issue) => described(issue, { schema, options, otherNames }));
  throw createError({
    code: 'invalid-options',
    message: `Invalid options of ${subject}: ${issues.join('; ')}.`,
    context: { issues },
  });
}

interface Checked {
  readonly schema: OptionsSchema;
  readonly options: unknown;
  readonly otherNames: Readonly<Record<string, string>>;
}

function described(issue: OptionsIssue, { schema, options, otherNames }: Checked): string[] {
  const { path, message, keys } = issue;
  const at = path.map(String);
  if (keys !== undefined) {
    const known = namesAt(schema, at);
    return keys.map((key) => `${[...at, key].join('.')}: ${noSuchOption(key, known, otherNames)}`);
  }
  const expected = expectedBy(issue);
  const what =
    expected === undefined
      ? message
      : `expected ${withUnit(expected, at.at(-1))}, got ${shown(valueAt(options, path))}`;
  return [at.length === 0 ? what : `${at.join('.')}: ${what}`];
}

/** What would have done; of several schemas, what any of them says of the value itself. */
function expectedBy({ message, errors = [] }: OptionsIssue): string | undefined {
  const [, expected] = /expected (.*?)(?=, received |$)/.exec(message) ?? [];
  if (expected !== undefined) return expected;
  const any = errors.flatMap(([first]) => (first?.path.length === 0 ? (expectedBy(first) ?? []) : []));
  return any.length === 0 ? undefined : any.join(' or ');
}

/** The unit of a number, which stands at the end of its option's name. */
function withUnit(expected: string, option = ''): string {
  const unit = /Ms$/.test(option) ? 'milliseconds' : /Bytes$/.test(option) ? 'bytes' : undefined;
  return unit === undefined ? expected : expected.replace(/^(?:number|int)\b/, `$& of ${unit}`);
}

/** The options that there are at a place within others, as far as these are objects that may be left out. */
function namesAt(schema: OptionsSchema, path: readonly string[]): readonly string[] {
  let at: Nested | undefined = schema;
  for (const key of path) at = unwrapped(at?.shape?.[key] as Nested | undefined);
  return Object.keys(at?.shape ?? {});
}

/** What zod says of a schema within another: the one that it makes optional, or the options of an object. */
interface Nested {
  readonly unwrap?: () => Nested;
  readonly shape?: Readonly<Record<string, unknown>>;
}

function unwrapped(schema: Nested | undefined): Nested | undefined {
  return schema?.shape === undefined ? schema?.unwrap?.() : schema;
}

function valueAt(options: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], options);
}
