import { createError, noSuchOption, shown } from '@pypool/protocol';

import type { CloseOptions } from '../lifecycle/closing.js';

/**
 * Check and fill in the options of `close()`.
 *
 * @throws UsageError `invalid-options`
 */
export function resolveCloseOptions(
  options: CloseOptions = {},
  closeTimeoutMs: number,
): Required<CloseOptions> {
  if (typeof options !== 'object' || options === null)
    throw wrong('all', `they are an object, or left out, and not ${shown(options)}`);
  const { force = false, timeoutMs = closeTimeoutMs, ...unknown } = options;
  const [surplus] = Object.keys(unknown);
  if (surplus !== undefined) throw wrong(surplus, noSuchOption(surplus, ['force', 'timeoutMs']));
  if (typeof force !== 'boolean') throw wrong('force', 'it is not a boolean');
  if (!(typeof timeoutMs === 'number' && timeoutMs >= 0))
    throw wrong('timeoutMs', 'it is not a number of milliseconds of at least 0');
  return { force, timeoutMs };
}

function wrong(option: string, what: string) {
  return createError({
    code: 'invalid-options',
    message: `${option === 'all' ? 'Close options' : `Close option ${option}`}: ${what}.`,
    context: { option },
  });
}
