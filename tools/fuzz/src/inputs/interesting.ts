import type { Random } from '../../../chaos/src/random.js';

export type Some<T> = readonly [T, ...T[]];

/** Stands in a string for a number that `JSON.stringify` would not write this way; {@link spell} puts it in its place. */
export const spelled = (number: string): string => `@@${number}@@`;

/** Put the numbers of {@link spelled} into JSON text. */
export function spell(json: string): string {
  return json.includes('@@') ? json.replace(/"@@([^"]*?)@@"/g, '$1') : json;
}

/** Values at the edges of what JSON holds. */
export const SCALARS: Some<unknown> = [
  null,
  true,
  false,
  0,
  1,
  -1,
  2,
  5,
  0.5,
  64,
  256,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53),
  1e21,
  5e-324,
  '',
  '$',
  'x',
  'y',
  'f',
  'json',
  '__proto__',
  'constructor',
  'naïve \u4e16 \u{1f40d}',
  '\ud800',
  'a\u0000b',
  spelled('-0'),
  spelled('-0.0'),
  spelled('1.0'),
  spelled('1e400'),
  spelled('-1e400'),
  spelled('9007199254740993'),
  spelled(`1${'0'.repeat(310)}`),
  spelled('NaN'),
  spelled('-Infinity'),
  spelled('01'),
];

/** Keys that messages, errors, tags and calls have, and keys that nobody should have. */
export const KEYS: Some<string> = [
  ...(['$', '__proto__', 'constructor', 'toString', '', 'a', 'x', 'y', 'kind', 'message', 'type'] as const),
  ...['module', 'args', 'traceback', 'frames', 'notes', 'cause', 'context', 'suppressContext', 'exceptions'],
  ...[
    'code',
    'data',
    'name',
    'suggestions',
    'signature',
    'started',
    'path',
    'bytes',
    'limit',
    'file',
    'line',
  ],
  ...['function', 'session', 'id', 'metadata', 'attributes', 'deadline', 'credit', 'parent', 'n', 'ids'],
  ...['mode', 'event', 'error', 'value', 'functions', 'protocol', 'secret', 'running', 'busyMs', 'level'],
  ...['logger', 'time', 'callId', 'exception', 'handled', 'dropped', 'source', 'stream', 'cancel', 'expose'],
  ...['modules', 'limits', 'integers', 'engine', 'logLevel', 'concurrency', 'length', 'toJSON', 'valueOf'],
];

/** Containers in each other, as many as said. */
export function nested(random: Random, depth: number): string {
  const [open, close] = random.pick<[string, string]>([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"$":["tuple",[', ']]}'],
    ['{"$":["map",[[1,', ']]]}'],
    ['{"$":["type","point",{"x":1,"y":', '}]}'],
    ['{"kind":"python","message":"","type":"E","module":"m","cause":', '}'],
    ['{"$":["object",{"$":', '}]}'],
  ]);
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
}

/** Set a key, `__proto__` too. */
export function set(record: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Bits of JSON and of what looks like it. */
export const TOKENS: Some<string> = [
  ...([
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    ' ',
    '\n',
    'null',
    'true',
    '-',
    '0',
    '1e5',
    '.5',
    '\\u0000',
  ] as const),
  ...[
    '\\ud83d',
    '\\udc0d',
    '\\u005f_proto__',
    '"$":',
    '{"$":[',
    ']}',
    'NaN',
    'Infinity',
    '\ufeff',
    '\u2028',
    '\u00a0',
  ],
  ...['\\x', '/*', '1_0', '0x1', '+1', "'", '\ufffd'],
];
