import { invalidFields } from '../errors/request-error.js';
import { findLargeNumber } from './find-large-number.js';

/** What is deeper cannot be sent to Python, and is refused where it is encoded. */
const MAX_DEPTH = 256;

/**
 * Refuse JSON with an integer that `JSON.parse` has rounded, or a number that it has made Infinity of: nobody would notice that Python works with
 * another one.
 *
 * @param text JSON
 * @param value what `JSON.parse` has made of it
 * @param name what it is the value of; arguments, unless given
 * @throws RequestError 400 that names the place
 */
export function refuseLargeNumbers(text: string, value: unknown, name = ''): void {
  if (!mayBeOther(value, 0)) return;
  const found = findLargeNumber(text);
  if (found === undefined) return;
  const { place, message } = found;
  const field = name === '' ? place.replace(/^\./, '') || 'body' : name + place;
  throw invalidFields('The arguments cannot be read', [{ field, message }]);
}

/** Whether something in a value is a number beyond those that are exact, which may have been written with a fraction or an exponent all the same: for most JSON this is all that is done. */
function mayBeOther(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER;
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (mayBeOther(item, depth + 1)) return true;
    return false;
  }
  for (const key in value) if (mayBeOther((value as Record<string, unknown>)[key], depth + 1)) return true;
  return false;
}
