import type { Random } from '../../../chaos/src/random.js';
import { anyTag, anyValue } from './any-value.js';
import { KEYS, nested, set, spell } from './interesting.js';

/** Where a value is: in which container, under which key or index. */
interface Place {
  readonly container: Record<string, unknown> | unknown[];
  readonly key: string | number;
}

/** How many places are looked at, so that a long list costs no more than a short one. */
const MOST_PLACES = 300;

/**
 * Change one thing in JSON text: a value, a key, a tag, the order, the depth. `undefined` where the text is no JSON.
 *
 * @param buffers - How many buffers tags may name.
 */
export function mutateJson(random: Random, text: string, buffers: number): string | undefined {
  const root = parsed(text);
  if (root === undefined) return undefined;
  if (random.chance(0.01)) return nested(random, random.pick([3, 254, 256, 300, 511, 513, 600, 2000]));
  const places: Place[] = [{ container: root, key: 0 }];
  collect(root[0], places, 0);
  // The root is one of many, and replacing it wholly makes everything else moot.
  const place = places[random.chance(0.05) ? 0 : random.below(places.length)]!;
  try {
    change(random, place, places, buffers);
    return spell(JSON.stringify(root[0] ?? null));
  } catch {
    // Deeper than this engine copies or writes.
    return undefined;
  }
}

function parsed(text: string): unknown[] | undefined {
  try {
    return [JSON.parse(text) as unknown];
  } catch {
    // Not JSON, or no longer: the caller changes its bytes then.
    return undefined;
  }
}

function collect(value: unknown, places: Place[], depth: number): void {
  if (typeof value !== 'object' || value === null || depth > 300) return;
  const container = value as Record<string, unknown> | unknown[];
  for (const key of Array.isArray(container) ? container.keys() : Object.keys(container)) {
    if (places.length >= MOST_PLACES) return;
    places.push({ container, key });
    collect((container as Record<string | number, unknown>)[key], places, depth + 1);
  }
}

function change(random: Random, place: Place, places: readonly Place[], buffers: number): void {
  const { container, key } = place;
  const value = valueAt(place);
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
      return put(place, anyValue(random, buffers));
    case 3:
      return put(place, { $: anyTag(random, buffers) });
    case 4:
      return put(place, wrapped(random, value));
    case 5:
      if (Array.isArray(container)) container.splice(key as number, 1);
      else delete container[key];
      return;
    case 6:
      // A value from elsewhere in the same message: kinds that fit, at places that they do not.
      return put(place, structuredClone(valueAt(places[random.below(places.length)]!)));
    case 7:
      return grow(random, value, place, buffers);
    case 8:
      return rename(random, place);
    default:
      return put(place, nudged(random, value, buffers));
  }
}

function valueAt({ container, key }: Place): unknown {
  return (container as Record<string | number, unknown>)[key];
}

function put({ container, key }: Place, value: unknown): void {
  if (Array.isArray(container)) container[key as number] = value;
  else set(container, key as string, value);
}

function wrapped(random: Random, value: unknown): unknown {
  return random.pick<unknown>([
    [value],
    { $: value },
    { a: value },
    { $: ['tuple', [value]] },
    { $: ['set', [value]] },
    { $: ['frozenset', [value]] },
    { $: ['map', [[value, 1]]] },
    { $: ['map', [[1, value]]] },
    { $: ['object', { $: value }] },
    { $: ['object', value] },
    { $: ['type', 'point', { x: value, y: 1 }] },
    { $: ['type', 'point', value] },
  ]);
}

/** Add to a container, or make one. */
function grow(random: Random, value: unknown, place: Place, buffers: number): void {
  const more = anyValue(random, buffers);
  if (Array.isArray(value)) value.splice(random.below(value.length + 1), 0, more);
  else if (typeof value === 'object' && value !== null)
    set(value as Record<string, unknown>, random.pick(KEYS), more);
  else put(place, [value, more]);
}

function rename(random: Random, { container, key }: Place): void {
  if (Array.isArray(container)) {
    const other = random.below(container.length);
    [container[key as number], container[other]] = [container[other], container[key as number]];
    return;
  }
  const value = container[key];
  delete container[key];
  set(container, random.pick(KEYS), value);
}

/** The same kind of value, slightly off. */
function nudged(random: Random, value: unknown, buffers: number): unknown {
  switch (typeof value) {
    case 'number':
      return random.pick([value + 1, value - 1, -value, value / 2, value * 2 ** 20, String(value)]);
    case 'string': {
      const at = random.below(value.length + 1);
      const piece = random.pick([
        '',
        '0',
        '9',
        '-',
        '.',
        ':',
        '+',
        'e',
        ' ',
        'Z',
        'T',
        '\u0661',
        '\ud83d',
        '1',
      ]);
      return value.slice(0, at) + piece + value.slice(at + random.below(2));
    }
    case 'boolean':
      return !value;
    default:
      return Array.isArray(value) && typeof value[0] === 'string'
        ? anyTag(random, buffers)
        : anyValue(random, buffers);
  }
}
