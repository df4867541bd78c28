/** The kinds of trouble a caller can meet; each {@link ErrorCode} belongs to exactly one. */
export type ErrorCategory =
  'usage' | 'timeout' | 'cancelled' | 'resource' | 'communication' | 'python' | 'system';

/** Which category each code belongs to. The closed set of codes: a new one is a new feature. */
export const CATEGORY_OF = {
  'invalid-options': 'usage',
  'invalid-arguments': 'usage',
  'unknown-function': 'usage',
  unencodable: 'usage',
  'start-timeout': 'timeout',
  'checkout-timeout': 'timeout',
  'execution-timeout': 'timeout',
  'item-timeout': 'timeout',
  'deadline-exceeded': 'timeout',
  aborted: 'cancelled',
  'start-failed': 'resource',
  'circuit-open': 'resource',
  'queue-full': 'resource',
  'pool-closed': 'resource',
  'session-limit': 'resource',
  'session-busy': 'resource',
  'session-lost': 'resource',
  'worker-exited': 'communication',
  'worker-unresponsive': 'communication',
  protocol: 'communication',
  'frame-too-large': 'communication',
  'python-error': 'python',
  'unsupported-platform': 'system',
  internal: 'system',
} as const satisfies Record<string, ErrorCategory>;

/** What happened, precisely enough to act on without reading the message. */
export type ErrorCode = keyof typeof CATEGORY_OF;

/**
 * What is known of a failed call: `not-started`, it never ran; `unknown`, it may have run, wholly or in part; `finished`, its handler
 * ended (it raised, or its reply could not be delivered).
 */
export type Outcome = 'not-started' | 'unknown' | 'finished';

/** What a {@link PypoolError} is made of. */
export interface PypoolErrorDetails {
  readonly code: ErrorCode;
  /** What happened, to which thing, the number that mattered, and what to do, in one line. What it quotes of captured output follows on others. */
  readonly message: string;
  /** @defaultValue `'not-started'` */
  readonly outcome?: Outcome;
  /** Whether the same call may succeed when made again, with no risk of running twice. @defaultValue by code and outcome, see {@link PypoolError.retryable} */
  readonly retryable?: boolean;
  /** Facts as fields: ids, limits, counts, exit codes; captured output as `stderr`, the stack of a crash as `pythonStack`, and nowhere else. Only JSON values. @defaultValue `{}` */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

const BRAND: unique symbol = Symbol.for('pypool.error') as never;

/** Codes of load and of passing trouble: a call that never started may well succeed later. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'start-timeout',
  'checkout-timeout',
  'start-failed',
  'circuit-open',
  'queue-full',
  'session-busy',
  'session-limit',
  'session-lost',
  'worker-exited',
  'worker-unresponsive',
]);

/**
 * The root of every error that pypool gives to a caller.
 *
 * Test with {@link isPypoolError}, which holds across copies of the package and module formats, rather than with `instanceof`.
 */
export class PypoolError extends Error {
  static {
    nameErrors(this, 'PypoolError');
  }

  declare readonly [BRAND]: true;
  readonly category: ErrorCategory;
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  /** Making the same call again is safe (it never ran) and may succeed (the trouble passes). */
  readonly retryable: boolean;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(details: PypoolErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.category = CATEGORY_OF[details.code];
    this.outcome = details.outcome ?? 'not-started';
    this.retryable = details.retryable ?? (this.outcome === 'not-started' && PASSING.has(details.code));
    this.context = details.context ?? {};
  }

  /**
   * For logs: everything but stack, traceback, captured output and cause, which may hold user data. Where a message quotes some of them, that
   * is from its second line on: here it is the first alone.
   */
  toJSON(): Record<string, unknown> {
    const { stderr: _stderr, pythonStack: _stack, ...context } = this.context;
    return {
      name: this.name,
      category: this.category,
      code: this.code,
      message: this.message.split('\n', 1)[0],
      outcome: this.outcome,
      retryable: this.retryable,
      context,
    };
  }
}

/**
 * Name the errors of a class, on its prototype: `stack` begins with the name that an error has while it is made, and most loggers print
 * nothing else. For the classes of this package.
 */
export function nameErrors(errors: { readonly prototype: Error }, name: string): void {
  Object.defineProperty(errors.prototype, 'name', { value: name, writable: true, configurable: true });
}

// On the prototype, so that printing an error does not show it.
Object.defineProperty(PypoolError.prototype, BRAND, { value: true });

/** Whether a value is an error of pypool, whichever copy of the package made it. */
export function isPypoolError(value: unknown): value is PypoolError {
  return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true;
}
