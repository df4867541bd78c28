import type { Random } from '../../../chaos/src/random.js';
import { KEYS, SCALARS, type Some, set, spelled } from './interesting.js';

/** Texts of the tags that hold text: right, nearly right, and wrong. */
const TEXTS: Readonly<Record<string, Some<string>>> = {
  int: [
    '0',
    '-0',
    '5',
    '9007199254740993',
    '9'.repeat(4300),
    `${'9'.repeat(4301)}`,
    '',
    '-',
    '0x10',
    '1_0',
    '\u0665',
  ],
  float: [
    'nan',
    'inf',
    '-inf',
    '-0.0',
    '5.0',
    '1e400',
    '1e-7',
    'Infinity',
    '1_0.0',
    '',
    '.5',
    '5.',
    '-nan',
    'INF',
  ],
  datetime: [
    '2026-11-23T10:00:00+00:00',
    '2026-11-23T10:00:00.123+00:00',
    '2026-11-23T10:00:00.123456+00:00',
    '2026-11-23T10:00:00-05:30',
    '2026-11-23T10:00:00+01:00:30.000001',
    '2026-11-23T10:00:00Z',
    '2026-11-23T10:00:00',
    '2026-02-30T10:00:00+00:00',
    '0000-01-01T00:00:00+00:00',
    '0001-01-01T00:00:00+14:00',
    '9999-12-31T23:59:59.999999-14:00',
    '2026-11-23T24:00:00+00:00',
    '2026-11-23T10:00:60+00:00',
    '2026-11-23T10:00:00-00:00',
    '2026-11-23T10:00:00+24:00',
    '2026-11-23T10:00:00.1+00:00',
    '2026-11-23 10:00:00+00:00',
    '20261123T100000+0000',
    '2026-W48-1T10:00:00+00:00',
    '',
  ],
  date: [
    '2026-11-23',
    '0001-01-01',
    '0000-01-01',
    '2026-02-30',
    '20261123',
    '2026-W48-1',
    '2026-11-23T10:00',
    '',
  ],
  time: [
    '10:00:00',
    '10:00:00.123456',
    '10:00:00+01:00',
    '25:00:00',
    '10',
    '10:00',
    'T10:00:00',
    '10:00:00Z',
    '24:00:00',
    '',
  ],
  timedelta: [
    '0',
    '-86400',
    '1.5',
    '-0.000001',
    '0.0000001',
    '99999999999999999',
    '9'.repeat(19),
    '',
    '+1',
    '\u0661',
  ],
  decimal: [
    '1.10',
    '-0',
    '1E+100',
    'NaN',
    'sNaN123',
    'Infinity',
    '1_0',
    ' 1',
    '',
    'abc',
    '1e999999999999999999999',
    '\u0661',
  ],
  uuid: [
    '0f8fad5b-d9cb-469f-a165-70867728950e',
    '{0f8fad5bd9cb469fa16570867728950e}',
    'abc',
    '',
    '\u0661'.repeat(32),
  ],
  complex: ['1+2j', '-0.5-1e-07j', '2j', 'nan+infj', '(1+2j)', ' 1j ', '1_0j', 'abc', '', '1e400j'],
  unencodable: ['builtins.object', ''],
};

const DTYPES: Some<string> = [
  ...(['i1', 'i2', 'i4', 'i8', 'u1', 'u1c', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8', 'c8', 'c16', 'b1'] as const),
  ...['f16', 'O', '', 'constructor', 'u1cc', 'toString'],
];

/** Some JSON value, small. `buffers` is how many buffers tags may name. */
export function anyValue(random: Random, buffers: number, depth = 0): unknown {
  const kind = random.below(depth > 2 ? 4 : 10);
  if (kind < 4) return random.pick(SCALARS);
  if (kind < 8) return { $: anyTag(random, buffers, depth + 1) };
  if (kind === 8) return Array.from({ length: random.below(4) }, () => anyValue(random, buffers, depth + 1));
  const record: Record<string, unknown> = {};
  for (let left = random.below(4); left > 0; left--) {
    set(record, random.pick(KEYS), anyValue(random, buffers, depth + 1));
  }
  return record;
}

/** The parts of some tag: mostly as they must be. */
export function anyTag(random: Random, buffers: number, depth = 0): unknown[] {
  const inner = (): unknown => anyValue(random, buffers, depth);
  const items = (): unknown[] => Array.from({ length: random.below(4) }, inner);
  const index = (): unknown =>
    random.chance(0.85) && buffers > 0
      ? random.below(buffers)
      : random.pick([0, 1, -1, 0.5, true, '0', null, spelled('0.0'), spelled('-0'), 65_535]);
  const textTag = random.pick(Object.keys(TEXTS) as [string, ...string[]]);
  switch (random.below(random.chance(0.05) ? 12 : 10)) {
    case 0:
    case 1:
      return [textTag, random.pick(TEXTS[textTag]!)];
    case 2:
      return [random.chance(0.8) ? 'bytes' : 'arrow', index()];
    case 3:
      return ['array', index(), random.pick(DTYPES)];
    case 4:
      return ['ndarray', index(), random.pick(DTYPES), anyShape(random)];
    case 5:
      return [random.pick(['set', 'frozenset']), items()];
    case 6:
      return ['map', items().map((item) => (random.chance(0.95) ? [item, inner()] : item))];
    case 7:
      return ['tuple', items()];
    case 8: {
      const body = random.chance(0.5)
        ? { $: inner() }
        : random.pick<unknown>([{}, { a: 1 }, [], null, { x: 1, y: 2 }]);
      return ['object', body];
    }
    case 9:
      return [
        'type',
        random.pick(['point', 'nobody']),
        random.chance(0.6) ? { x: inner(), y: inner() } : inner(),
      ];
    case 10:
      return [textTag, inner(), inner()];
    default:
      return [random.pick([...KEYS, 'pickle', 'INT']), inner()];
  }
}

function anyShape(random: Random): unknown {
  if (random.chance(0.1))
    return random.pick<unknown>([
      null,
      'x',
      [-1],
      [0.5],
      ['1'],
      Array(33).fill(1),
      Array(65).fill(1),
      [2 ** 32, 2 ** 32],
      [spelled('1.0')],
    ]);
  return Array.from({ length: random.below(4) }, () => random.below(4));
}
