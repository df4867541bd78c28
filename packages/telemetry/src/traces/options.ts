import type { TracerProvider } from '@opentelemetry/api';

/** How calls are traced. */
export interface TraceOptions {
  /** Where spans go. @defaultValue the global one */
  readonly tracerProvider?: TracerProvider;
  /**
   * A wait that is longer than this is a span of its own, `pypool.queue`, besides the attribute that every call has. 0: every wait. `Infinity`: none.
   *
   * @defaultValue `1`
   */
  readonly queueSpanAfterMs?: number;
  /**
   * Whether an error is recorded as an event of its span, with the stack of Python. The conventions are about to replace that by logs; `error.type` and
   * the status are set either way.
   *
   * @defaultValue `true`
   */
  readonly recordExceptions?: boolean;
}

/** {@link TraceOptions} with nothing left open. */
export interface ResolvedTraceOptions {
  readonly queueSpanAfterMs: number;
  readonly recordExceptions: boolean;
}
