"""The trace that a call is part of, where user code uses ``opentelemetry``.

Nothing is imported for it: as long as user code has not done so itself, there are no spans that could join.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .context import Call

__all__ = ["current_traceparent", "join_trace", "leave_trace"]


def join_trace(traceparent: str, tracestate: str | None) -> Any:
    """Make the trace of a call the current one of this context: spans that begin now are children of Node's.

    Args:
        traceparent: Of the call, as the W3C writes it.
        tracestate: What belongs to it.

    Returns:
        What :func:`leave_trace` takes, or ``None`` where nothing has been done.
    """
    context = sys.modules.get("opentelemetry.context")
    if context is None or "opentelemetry.trace" not in sys.modules:
        return None
    try:
        from opentelemetry.trace.propagation.tracecontext import (  # type: ignore[import-not-found, unused-ignore]
            TraceContextTextMapPropagator,
        )

        carrier = {"traceparent": traceparent, "tracestate": tracestate or ""}
        return context.attach(TraceContextTextMapPropagator().extract(carrier, context.get_current()))
    except Exception:  # half imported, or of a version that is another: a call without its trace is a call
        return None


def leave_trace(token: Any) -> None:
    """Make the trace the current one that was before."""
    try:
        sys.modules["opentelemetry.context"].detach(token)
    except Exception:  # the handler has replaced the module, or the context
        return


def current_traceparent(call: Call | None) -> str | None:
    """The span in which this code runs, or the call's, as the W3C writes it, or ``None``."""
    trace: Any = sys.modules.get("opentelemetry.trace")
    if trace is not None:
        try:
            span = trace.get_current_span().get_span_context()
            if span.is_valid:
                return f"00-{span.trace_id:032x}-{span.span_id:016x}-{int(span.trace_flags):02x}"
        except Exception:  # half imported
            pass
    return None if call is None else call.traceparent
