import type { CallMeta } from '@pypool/protocol';

import type { Clock } from '../clock/clock.js';
import type { PoolCallOptions } from '../options/call-options.js';

/** From when on the budgets of a pool's calls count: one object for all of them. */
export interface BudgetStart {
  /** When the pool had its first ready worker, by its clock; `Infinity` before, when no budget of a call counts yet. */
  at: number;
  /** What bounds the wait until then. */
  readonly startTimeoutMs: number;
}

/** On what terms a call is made: its options, with those of the pool where they say nothing. Calls without options share one. */
export interface CallTerms {
  readonly budgets: BudgetStart;
  readonly timeoutMs: number;
  readonly executionTimeoutMs: number;
  /** Whether the caller asked for that: then it holds whatever the function says. */
  readonly executionTimeoutGiven: boolean;
  readonly checkoutTimeoutMs: number;
  readonly itemTimeoutMs: number;
  /** By the pool's clock; `Infinity` for none. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly priority: number;
  /** `undefined`: as the function says. */
  readonly idempotent: boolean | undefined;
  readonly meta: CallMeta | undefined;
  /** Memory of the caller's for the result. */
  readonly into: ArrayBufferView | undefined;
}

/** The terms of a call without options. */
export function defaultTerms(
  budgets: BudgetStart,
  pool: Pick<CallTerms, 'timeoutMs' | 'executionTimeoutMs' | 'checkoutTimeoutMs' | 'itemTimeoutMs'>,
): CallTerms {
  return {
    budgets,
    timeoutMs: pool.timeoutMs,
    executionTimeoutMs: pool.executionTimeoutMs,
    executionTimeoutGiven: false,
    checkoutTimeoutMs: pool.checkoutTimeoutMs,
    itemTimeoutMs: pool.itemTimeoutMs,
    deadline: Infinity,
    signal: undefined,
    priority: 0,
    idempotent: undefined,
    meta: undefined,
    into: undefined,
  };
}

/** The terms of a call with options. A copy: what the caller does to its object afterwards changes nothing. */
export function termsOf(options: PoolCallOptions, defaults: CallTerms, clock: Clock): CallTerms {
  const { deadline, meta, attributes } = options;
  return {
    budgets: defaults.budgets,
    timeoutMs: options.timeoutMs ?? defaults.timeoutMs,
    executionTimeoutMs: options.executionTimeoutMs ?? defaults.executionTimeoutMs,
    executionTimeoutGiven: options.executionTimeoutMs !== undefined,
    checkoutTimeoutMs: options.checkoutTimeoutMs ?? defaults.checkoutTimeoutMs,
    itemTimeoutMs: options.itemTimeoutMs ?? defaults.itemTimeoutMs,
    deadline: deadline === undefined ? Infinity : clock.now() + Number(deadline) - clock.epochMs(),
    signal: options.signal,
    priority: options.priority ?? 0,
    idempotent: options.idempotent,
    meta: attributes === undefined ? meta : { ...meta, attributes },
    into: options.into,
  };
}
