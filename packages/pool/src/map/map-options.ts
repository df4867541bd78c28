import { createError, isPlainObject, shown, type PypoolError } from '@pypool/protocol';

import { isSignal, type PoolCallOptions } from '../options/call-options.js';

/** How a function is mapped over items; what else is given holds for each of the calls. */
export interface MapOptions<Item = unknown> extends Omit<PoolCallOptions, 'into'> {
  /**
   * Items that are between their source and the consumer at once: in a call, or a result that is yet to be taken. At least 1, finite.
   *
   * @defaultValue the `places` of the pool, as many as there are then
   */
  readonly concurrency?: number | undefined;
  /** Whether results come in the order of their items; otherwise as they are ready. @defaultValue `true` */
  readonly ordered?: boolean | undefined;
  /** The arguments of the call for an item, in the forms that `call` takes. @defaultValue the item alone: `[item]` */
  readonly args?: ((item: Item, index: number) => unknown) | undefined;
}

/** What is wrong with what belongs to the map alone, or `undefined`; the rest is checked with each call. */
export function findMapError<Item>(
  options: MapOptions<Item> & Pick<PoolCallOptions, 'into'>,
): PypoolError | undefined {
  if (!isPlainObject(options))
    return wrong('all', `they are a plain object, or left out, and not ${shown(options)}`);
  const { concurrency, ordered, args, signal, into }: MapOptions<Item> & Pick<PoolCallOptions, 'into'> =
    options;
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency >= 1)) {
    return wrong('concurrency', `${shown(concurrency)} is not a whole number of at least 1`);
  }
  if (ordered !== undefined && typeof ordered !== 'boolean') return wrong('ordered', 'it is not a boolean');
  if (args !== undefined && typeof args !== 'function') return wrong('args', 'it is not a function');
  // The calls have one of the map's own.
  if (signal !== undefined && !isSignal(signal)) return wrong('signal', 'it is not an AbortSignal');
  if (into !== undefined) return wrong('into', 'the results of its calls would lie in the same memory');
  return undefined;
}

function wrong(option: string, what: string): PypoolError {
  return createError({
    code: 'invalid-options',
    message: `${option === 'all' ? 'Map options' : `Map option ${option}`}: ${what}.`,
    context: { option },
  });
}
