import { nearest } from './nearest.js';

/**
 * What is said of an option that there is not, behind its name: which one was probably meant, or else which there are.
 *
 * @param otherNames what some of `known` are called elsewhere
 */
export function noSuchOption(
  name: string,
  known: readonly string[],
  otherNames: Readonly<Record<string, string>> = {},
): string {
  const meant = nearest(name, known, otherNames);
  if (meant !== undefined) return `there is no such option (did you mean ${meant}${unitOf(meant, name)}?)`;
  return known.length === 0
    ? 'there is no such option'
    : `there is no such option (there are ${known.join(', ')})`;
}

/** The unit of the one that was meant, where the other one has none or another. */
function unitOf(meant: string, name: string): string {
  if (/Ms$/.test(meant) && !/ms$/i.test(name)) return ', in milliseconds';
  if (/Bytes$/.test(meant) && !/bytes$/i.test(name)) return ', in bytes';
  return '';
}
