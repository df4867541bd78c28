import type { CallMeta } from '@pypool/protocol';

import type { PoolCallOptions } from '../options/call-options.js';

/** On what terms a call is made: its options, with those of the pool where they say nothing. Calls without options share one. */
export interface CallTerms {
  readonly timeoutMs: number;
  readonly executionTimeoutMs: number;
  readonly checkoutTimeoutMs: number;
  readonly itemTimeoutMs: number;
  /** Milliseconds since the Unix epoch; `Infinity` for none. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly priority: number;
  readonly idempotent: boolean;
  readonly meta: CallMeta | undefined;
}

/** The terms of a call without options. */
export function defaultTerms(
  pool: Pick<CallTerms, 'timeoutMs' | 'executionTimeoutMs' | 'checkoutTimeoutMs' | 'itemTimeoutMs'>,
): CallTerms {
  return {
    timeoutMs: pool.timeoutMs,
    executionTimeoutMs: pool.executionTimeoutMs,
    checkoutTimeoutMs: pool.checkoutTimeoutMs,
    itemTimeoutMs: pool.itemTimeoutMs,
    deadline: Infinity,
    signal: undefined,
    priority: 0,
    idempotent: false,
    meta: undefined,
  };
}

/** The terms of a call with options. A copy: what the caller does to its object afterwards changes nothing. */
export function termsOf(options: PoolCallOptions, defaults: CallTerms): CallTerms {
  const { meta, attributes } = options;
  return {
    timeoutMs: options.timeoutMs ?? defaults.timeoutMs,
    executionTimeoutMs: options.executionTimeoutMs ?? defaults.executionTimeoutMs,
    checkoutTimeoutMs: options.checkoutTimeoutMs ?? defaults.checkoutTimeoutMs,
    itemTimeoutMs: options.itemTimeoutMs ?? defaults.itemTimeoutMs,
    deadline: options.deadline === undefined ? Infinity : Number(options.deadline),
    signal: options.signal,
    priority: options.priority ?? 0,
    idempotent: options.idempotent ?? false,
    meta: attributes === undefined ? meta : { ...meta, attributes },
  };
}
