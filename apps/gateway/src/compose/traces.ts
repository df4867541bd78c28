import type { IncomingHttpHeaders } from 'node:http';
import {
  context,
  defaultTextMapGetter,
  propagation,
  ProxyTracerProvider,
  trace,
  type Context,
} from '@opentelemetry/api';
import { traceCalls, type ObservablePool } from '@pypool/telemetry';
import type { Caller } from './compose-pool.js';

/** The traces that requests tell of, and the calls of a pool as spans of them. */
export interface Traces {
  /** Calls as `caller` does, within the trace of a request. */
  joined(caller: Caller, headers: IncomingHttpHeaders): Caller;
  /** Make no more spans. */
  close(): void;
}

/**
 * Make a span of each call, which joins the trace of its request, and have Python know of it.
 *
 * It goes by the SDK that is registered globally, which has to be so before; with none there is nothing to make, and nothing that a request would
 * cost: `undefined`.
 */
export function traceRequests(pool: Pick<ObservablePool, 'observe'>): Traces | undefined {
  if (!isRegistered()) return undefined;
  const close = traceCalls(pool);
  return {
    close,
    joined(caller, headers) {
      const asked = contextOf(headers);
      return {
        call: (name, args, options) => context.with(asked, () => caller.call(name, args, options)),
        stream: (name, args, options) => context.with(asked, () => caller.stream(name, args, options)),
      };
    },
  };
}

/** Whether any SDK is there. The API stands in for one with a provider that delegates to none. */
function isRegistered(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('pypool') !== undefined;
}

/** What instrumentation of HTTP has begun for a request, where there is some, and else what its headers tell. */
function contextOf(headers: IncomingHttpHeaders): Context {
  const active = context.active();
  return trace.getSpan(active) === undefined
    ? propagation.extract(active, headers, defaultTextMapGetter)
    : active;
}
