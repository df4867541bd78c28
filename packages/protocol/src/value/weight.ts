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
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return value.byteLength;
  let bytes = SMALL;
  let parts = 0;
  const length = lengthOf(value);
  for (const part of partsOf(value)) {
    if (budget.left === 0) return bytes + Math.max(0, length - parts) * SMALL;
    budget.left -= 1;
    parts += 1;
    bytes += weigh(part, budget);
  }
  return bytes;
}

function lengthOf(value: object): number {
  if (Array.isArray(value)) return value.length;
  return value instanceof Map || value instanceof Set ? value.size : 0;
}

function* partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Set) yield* value as Iterable<unknown>;
  else if (value instanceof Map) for (const entry of value) yield* entry;
  else {
    for (const key in value) {
      yield key;
      yield (value as Record<string, unknown>)[key];
    }
  }
}
