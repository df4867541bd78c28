/** Parts of a value that are looked at. What lies beyond counts as {@link SMALL} each, as far as its number is known. */
const PARTS_LOOKED_AT = 10_000;

/** What a number, a boolean, a slot of an array or a field counts. */
const SMALL = 8;

/**
 * About how many bytes a value keeps: each string its length, each buffer its bytes, everything else 8. An estimate to bound memory by, good
 * where strings and buffers are what weighs; a buffer that occurs twice counts twice.
 *
 * It takes a bounded time however large the value is, and never throws.
 */
export function approximateBytes(value: unknown): number {
  const budget = { left: PARTS_LOOKED_AT };
  try {
    return weigh(value, budget);
  } catch {
    // A getter or a proxy of the caller's own threw, or it is nested too deep: whoever encodes it says so, with the path to it.
    return SMALL;
  }
}

function weigh(value: unknown, budget: { left: number }): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return SMALL;
  // By hand and not with a generator: this is done for each call that is sent ahead.
  if (Array.isArray(value)) return weighArray(value, budget);
  if (Object.getPrototypeOf(value) === Object.prototype) return weighRecord(value, budget);
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return value.byteLength;
  if (value instanceof Set) return weighParts(value, value.size, budget);
  if (value instanceof Map) return weighParts(entriesOf(value), value.size, budget);
  return weighRecord(value, budget);
}

function weighArray(array: readonly unknown[], budget: { left: number }): number {
  let bytes = SMALL;
  for (let at = 0; at < array.length; at += 1) {
    if (budget.left <= 0) return bytes + (array.length - at) * SMALL;
    budget.left -= 1;
    bytes += weigh(array[at], budget);
  }
  return bytes;
}

function weighRecord(value: object, budget: { left: number }): number {
  let bytes = SMALL;
  for (const key in value) {
    if (budget.left <= 0) return bytes;
    budget.left -= 2;
    bytes += key.length + weigh((value as Record<string, unknown>)[key], budget);
  }
  return bytes;
}

function weighParts(parts: Iterable<unknown>, count: number, budget: { left: number }): number {
  let bytes = SMALL;
  let seen = 0;
  for (const part of parts) {
    if (budget.left <= 0) return bytes + Math.max(0, count - seen) * SMALL;
    budget.left -= 1;
    seen += 1;
    bytes += weigh(part, budget);
  }
  return bytes;
}

function* entriesOf(map: ReadonlyMap<unknown, unknown>): Iterable<unknown> {
  for (const entry of map) yield* entry;
}
