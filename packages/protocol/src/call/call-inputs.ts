import { isPlainObject } from '../value/plain.js';

/** What Python reads item by item while the call runs. */
export type InputSource = AsyncIterable<unknown> | Iterable<unknown>;

/** The arguments of a call of which some are inputs. */
export interface CallInputs {
  /** The arguments, with `null` in the place of each input. */
  readonly args: unknown;
  /** Where inputs stand: indices of positional arguments, names of others. */
  readonly places: readonly (number | string)[];
  readonly sources: readonly InputSource[];
}

/**
 * Find the arguments that are read item by item: async iterables, and iterators such as generators. Arrays, sets, maps and typed arrays are
 * values. Only arguments themselves are looked at, not what they hold.
 *
 * @returns `undefined` where there are none: nearly always, and then nothing was made
 */
export function callInputs(args: unknown): CallInputs | undefined {
  if (Array.isArray(args)) return hasInput(args) ? takeOut(args, undefined) : undefined;
  if (typeof args !== 'object' || args === null || !isPlainObject(args)) return undefined;
  const { args: positional, kwargs: keywords } = args;
  if (Array.isArray(positional) && isPlainObject(keywords) && Object.keys(args).length === 2) {
    const has = positional.some(isInput) || Object.values(keywords).some(isInput);
    return has ? takeOut(positional, keywords) : undefined;
  }
  return Object.values(args).some(isInput) ? takeOut(undefined, args) : undefined;
}

/** As `args.some(isInput)`, which takes longer for the few that there are. */
function hasInput(args: readonly unknown[]): boolean {
  for (let at = 0; at < args.length; at += 1) if (isInput(args[at])) return true;
  return false;
}

/** Whether an argument is read item by item. */
function isInput(value: unknown): value is InputSource {
  if (typeof value !== 'object' || value === null) return false;
  if (Symbol.asyncIterator in value) return true;
  return Symbol.iterator in value && typeof (value as Partial<Iterator<unknown>>).next === 'function';
}

function takeOut(
  positional: readonly unknown[] | undefined,
  keywords: Readonly<Record<string, unknown>> | undefined,
): CallInputs {
  const places: (number | string)[] = [];
  const sources: InputSource[] = [];
  const leave = (value: unknown, place: number | string): unknown => {
    if (!isInput(value)) return value;
    places.push(place);
    sources.push(value);
    return null;
  };
  const args = positional?.map(leave);
  const kwargs =
    keywords &&
    Object.fromEntries(Object.entries(keywords).map(([name, value]) => [name, leave(value, name)]));
  if (args === undefined) return { args: kwargs, places, sources };
  return { args: kwargs === undefined ? args : { args, kwargs }, places, sources };
}
