/** From here on `JSON.stringify` writes integral numbers with an exponent, which Python reads as a float. */
const EXPONENT_FROM = 1e21;

/**
 * Whether `JSON.stringify(value)` is read back in Python as exactly the value that SPEC.md section 5 asks for.
 *
 * Both stock encoders change values without a word (NaN, -0, Date, Map, large integers), so every value is walked first. This walk is
 * the hot path: it allocates nothing, and says no to whatever it does not know at a glance.
 */
export function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return isPlainNumber(value);
    case 'undefined':
      // `JSON.stringify` does what is wanted: null in an array, left off in an object.
      return true;
    case 'object':
      if (value === null) return true;
      if (depth === 0) return false;
      return Array.isArray(value) ? isPlainArray(value, depth - 1) : isPlainRecord(value, depth - 1);
    default:
      return false;
  }
}

/** Whether an object is made by a literal, by `JSON.parse` or by `Object.create(null)`, in whichever realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return (
    Object.getPrototypeOf(prototype) === null && Object.prototype.toString.call(value) === '[object Object]'
  );
}

function isPlainNumber(value: number): boolean {
  if (Number.isSafeInteger(value)) return value !== 0 || 1 / value > 0;
  if (!Number.isFinite(value)) return false;
  return !Number.isInteger(value) || Math.abs(value) >= EXPONENT_FROM;
}

function isPlainArray(array: readonly unknown[], depth: number): boolean {
  if ('toJSON' in array) return false;
  for (let index = 0; index < array.length; index++) {
    if (!isPlain(array[index], depth)) return false;
  }
  return true;
}

function isPlainRecord(value: object, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const key in value) {
    if (!isPlain((value as Record<string, unknown>)[key], depth)) return false;
  }
  return true;
}
