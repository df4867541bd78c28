import { createError } from '../errors/create-error.js';
import { nearest } from './nearest.js';
import { shown } from './shown.js';

/** What some events are called elsewhere. */
const OTHER_NAMES = {
  stdout: 'output',
  stderr: 'output',
  print: 'output',
  message: 'log',
  warning: 'log',
  crash: 'worker-exit',
  exit: 'worker-exit',
  close: 'closed',
  end: 'closed',
  drain: 'drained',
};

/**
 * Check what is given to `on()`: a misspelt event would never be heard, and what is no function would throw when it is called.
 *
 * @throws UsageError `invalid-arguments`
 */
export function checkListener(event: unknown, listener: unknown, known: readonly string[]): void {
  if (typeof event !== 'string' || !known.includes(event)) {
    const meant = typeof event === 'string' ? nearest(event, known, OTHER_NAMES) : undefined;
    const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
    throw createError({
      code: 'invalid-arguments',
      message: `There is no event ${shown(event)}.${hint} There are ${known.join(', ')}.`,
      context: { event: shown(event), known, suggestions: meant === undefined ? [] : [meant] },
    });
  }
  if (typeof listener !== 'function') {
    throw createError({
      code: 'invalid-arguments',
      message: `The listener of event "${event}" is ${shown(listener)}, not a function.`,
      context: { event },
    });
  }
}
