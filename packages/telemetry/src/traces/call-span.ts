import type {
  CallBegin,
  CallEnd,
  CallItem,
  CallRetry,
  CallWatch,
  ObservedCall,
  TraceContext,
} from '@pypool/pool';
import type { PypoolError } from '@pypool/protocol';
import { type Context, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';

import { errorTypeOf, isPythonError } from '../error-type.js';
import { ATTR, EVENT, OTHER_METHOD, SPAN } from '../semconv.js';
import type { ResolvedTraceOptions } from './options.js';

/** Keeps the span of one call: its waits and its run as attributes, what happens to it as events. */
export class CallSpan implements CallWatch {
  readonly trace: TraceContext | undefined;
  readonly #call: ObservedCall;
  readonly #span: Span;
  readonly #parent: Context;
  readonly #tracer: Tracer;
  readonly #options: ResolvedTraceOptions;
  #items = 0;
  #bytes = 0;
  /** How its last attempt began, until that is over: a worker may give a call back that seemed to have begun. */
  #begun: { readonly waitMs: number; readonly aheadMs: number; readonly at: number } | undefined;

  constructor(
    call: ObservedCall,
    span: Span,
    context: TraceContext | undefined,
    parent: Context,
    tracer: Tracer,
    options: ResolvedTraceOptions,
  ) {
    this.#call = call;
    this.#span = span;
    this.trace = context;
    this.#parent = parent;
    this.#tracer = tracer;
    this.#options = options;
  }

  onBegan({ attempt, workerId, facts, waitMs, aheadMs }: CallBegin): void {
    const pid = facts['pid'];
    this.#span.addEvent(EVENT.BEGAN, {
      [ATTR.ATTEMPT]: attempt,
      [ATTR.WORKER_ID]: workerId,
      ...(typeof pid === 'number' && { [ATTR.PROCESS_PID]: pid }),
    });
    this.#begun = { waitMs, aheadMs, at: Date.now() };
  }

  onTakenBack(): void {
    this.#begun = undefined;
    this.#span.addEvent(EVENT.TAKEN_BACK);
  }

  onRetried({ attempts, workerId, error }: CallRetry): void {
    this.#drawWait();
    this.#begun = undefined;
    this.#span.addEvent(EVENT.RETRIED, {
      [ATTR.ATTEMPT]: attempts,
      [ATTR.WORKER_ID]: workerId,
      [ATTR.ERROR_TYPE]: errorTypeOf(error),
    });
  }

  onItem({ bytes }: CallItem): void {
    if (this.#items === 0) this.#span.addEvent(EVENT.FIRST_ITEM);
    this.#items += 1;
    this.#bytes += bytes;
  }

  onSettled({ error, left, attempts, executionMs }: CallEnd): void {
    const span = this.#span;
    span.setAttribute(ATTR.ATTEMPTS, attempts);
    if (this.#begun !== undefined) {
      const { waitMs, aheadMs } = this.#begun;
      span.setAttribute(ATTR.QUEUE_WAIT, waitMs / 1000);
      if (aheadMs > 0) span.setAttribute(ATTR.AHEAD_WAIT, aheadMs / 1000);
      this.#drawWait();
    }
    if (executionMs !== undefined) span.setAttribute(ATTR.USE_TIME, executionMs / 1000);
    if (this.#call.kind === 'stream') {
      span.setAttributes({ [ATTR.STREAM_ITEMS]: this.#items, [ATTR.STREAM_BYTES]: this.#bytes });
    }
    if (error?.code === 'unknown-function') {
      span.updateName(OTHER_METHOD);
      span.setAttributes({ [ATTR.RPC_METHOD]: OTHER_METHOD, [ATTR.RPC_METHOD_ORIGINAL]: this.#call.name });
    }
    // A consumer that left had what it wanted, whatever its producer made of that.
    if (left) span.setAttribute(ATTR.STREAM_LEFT, true);
    else if (error !== undefined) this.#fail(error);
    span.end();
  }

  #fail(error: PypoolError): void {
    const span = this.#span;
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    span.setAttributes({ [ATTR.ERROR_TYPE]: errorTypeOf(error), [ATTR.CALL_OUTCOME]: error.outcome });
    if (this.#options.recordExceptions) span.recordException(exceptionOf(error));
  }

  /** The wait of the attempt as a bar of its own, where it is long enough to be seen. */
  #drawWait(): void {
    if (this.#begun === undefined || this.#begun.waitMs <= this.#options.queueSpanAfterMs) return;
    const { waitMs, at } = this.#begun;
    const context = trace.setSpan(this.#parent, this.#span);
    const options = { kind: SpanKind.INTERNAL, startTime: at - waitMs };
    this.#tracer.startSpan(SPAN.QUEUE, options, context).end(at);
  }
}

/** For a call that is not sampled: nothing is recorded, but Python is told so. */
export class UnsampledSpan implements CallWatch {
  readonly trace: TraceContext | undefined;
  readonly #span: Span;

  constructor(span: Span, context: TraceContext | undefined) {
    this.#span = span;
    this.trace = context;
  }

  onSettled(): void {
    this.#span.end();
  }
}

/** With the stack of where it was raised: Python's, where it was there. */
function exceptionOf(error: PypoolError): { name: string; message: string; stack?: string } {
  const stack = isPythonError(error) ? error.traceback : error.stack;
  const facts = { name: errorTypeOf(error), message: error.message };
  return stack === undefined || stack === '' ? facts : { ...facts, stack };
}
