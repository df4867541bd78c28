"""What was wrong with a call that failed: common to the engines, and out of the way of those that do not."""

from __future__ import annotations

from .errors import InvalidArguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from types import CodeType
    from typing import Any

    from .expose import Exposed

__all__ = ["explain", "returned_stream", "wants_call", "wants_stream"]


def wants_stream(name: str) -> InvalidArguments:
    """A function that is a stream was called."""
    return InvalidArguments(f"{name}() is a stream: use stream() instead of call()")


def wants_call(name: str) -> InvalidArguments:
    """A function that takes batches, and so returns, was streamed."""
    return InvalidArguments(
        f"{name}() takes calls in batches and is no stream: use call() instead of stream()"
    )


def returned_stream(name: str) -> InvalidArguments:
    """A function that was called turned out to be a stream."""
    return InvalidArguments(f"{name}() returned a stream: use stream() instead of call()", started=True)


def explain(
    error: TypeError,
    exposed: Exposed,
    args: list[Any],
    kwargs: dict[str, Any],
    call_sites: Container[CodeType],
) -> TypeError | InvalidArguments:
    """Tell arguments that do not fit from a TypeError of the function's own.

    Args:
        error: What the call raised.
        exposed: What was called.
        args: With these,
        kwargs: and these.
        call_sites: Code of the engine that calls user code.
    """
    if not _failed_to_bind(error, call_sites):
        return error
    try:
        from inspect import signature  # or a file of the user's of that name

        expected = signature(exposed.function)
    except BaseException:
        return error  # a function in C that does not tell, or one whose own code for that fails
    try:
        expected.bind(*args, **kwargs)
    except TypeError:
        try:
            shown = f"{exposed.name}{expected}"
        except BaseException:
            return error  # a default of the function's that cannot be shown
        explained = InvalidArguments(str(error), shown)
        explained.__cause__ = error
        return explained
    return error


def _failed_to_bind(error: BaseException, call_sites: Container[CodeType]) -> bool:
    """Whether user code failed before its first line: perhaps its arguments did not fit."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code in call_sites
