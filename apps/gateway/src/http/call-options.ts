import type { IncomingHttpHeaders } from 'node:http';
import { invalidFields, type FieldError } from '../errors/request-error.js';

/** What a request may say of its own call. */
export interface RequestedOptions {
  readonly timeoutMs?: number;
  readonly priority?: number;
  readonly idempotent?: boolean;
}

/** The headers that say it. */
export const CALL_HEADERS = {
  timeoutMs: 'x-timeout-ms',
  priority: 'x-priority',
  idempotent: 'x-idempotent',
} as const;

const NONE: RequestedOptions = Object.freeze({});

/**
 * Read the headers of a call.
 *
 * @param maxTimeoutMs the most that it may ask for
 * @throws RequestError 400 that names each header that cannot be read, or asks for too much
 */
export function callOptions(headers: IncomingHttpHeaders, maxTimeoutMs: number): RequestedOptions {
  const timeout = headers[CALL_HEADERS.timeoutMs];
  const priority = headers[CALL_HEADERS.priority];
  const idempotent = headers[CALL_HEADERS.idempotent];
  if (timeout === undefined && priority === undefined && idempotent === undefined) return NONE;
  const errors: FieldError[] = [];
  const number = (field: string, text: unknown, least: number, most: number): number => {
    const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : NaN;
    if (!(value >= least) || !Number.isFinite(value))
      errors.push({ field, message: `has to be a number${least === 0 ? ' of at least 0' : ''}` });
    else if (value > most) errors.push({ field, message: `may be at most ${most} here` });
    return value;
  };
  const options: { -readonly [Key in keyof RequestedOptions]: RequestedOptions[Key] } = {};
  if (timeout !== undefined) options.timeoutMs = number(CALL_HEADERS.timeoutMs, timeout, 0, maxTimeoutMs);
  if (priority !== undefined) options.priority = number(CALL_HEADERS.priority, priority, -Infinity, Infinity);
  if (idempotent !== undefined) {
    if (idempotent !== 'true' && idempotent !== 'false')
      errors.push({ field: CALL_HEADERS.idempotent, message: "has to be 'true' or 'false'" });
    options.idempotent = idempotent === 'true';
  }
  if (errors.length > 0) throw invalidFields('The headers of the call cannot be read', errors);
  return options;
}
