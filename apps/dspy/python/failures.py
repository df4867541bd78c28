"""What callers are told of DSPy's errors: a code to act on, facts, and no key."""

from __future__ import annotations

import functools
import inspect
import traceback
from contextlib import aclosing
from typing import Any

import dspy
from hidden_keys import has_key, hidden, hidden_in
from pypool import Fail

LONGEST = 1_000
"""Characters of a message: an answer that cannot be read may be as long as a book."""

# The more special before what it is a kind of.
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (dspy.LMRateLimitError, "rate-limit"),
    (dspy.LMAuthError, "wrong-key"),
    (dspy.LMBillingError, "billing"),
    (dspy.LMNotConfiguredError, "no-key"),
    (dspy.LMTimeoutError, "model-timeout"),
    (dspy.LMTransportError, "unreachable"),
    (dspy.ContextWindowExceededError, "too-long"),
    (dspy.LMUnsupportedModelError, "unknown-model"),
    (dspy.LMInvalidRequestError, "refused"),
    (dspy.LMUnsupportedFeatureError, "unsupported"),
    (dspy.LMConfigurationError, "invalid-model"),
    (dspy.LMError, "model-failed"),
    (dspy.AdapterParseError, "unreadable-answer"),
    (ImportError, "missing-package"),
)


def told(error: Exception) -> Exception:
    """The failure that stands for an error of DSPy; any other error as it is, unless a key stands in it."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), None)
    if code is None:
        if isinstance(error, Fail):
            return _without_keys(error)
        if not has_key("".join(traceback.format_exception(error))):
            return error
        return Fail("unexpected", hidden(f"{type(error).__name__}: {error}")[:LONGEST])
    facts = {
        "model": getattr(error, "model", None),
        "provider": getattr(error, "provider", None),
        "status": getattr(error, "status", None),
        "retryAfterSeconds": getattr(error, "retry_after", None),
        "retryable": dspy.is_retryable_lm_error(error),
    }
    data = {name: hidden_in(fact) for name, fact in facts.items() if fact is not None}
    return Fail(code, hidden(str(error))[:LONGEST] or code, data=data)


def _without_keys(failure: Fail) -> Fail:
    """A failure of our own says what its caller gave, which may be a key in the wrong place."""
    data = hidden_in(failure.data)
    if data == failure.data and not has_key("".join(traceback.format_exception(failure))):
        return failure
    return Fail(failure.code, hidden(str(failure)), data=data)


def telling(handler: Any) -> Any:
    """Have a handler, a coroutine or an async generator, fail by :func:`told`.

    What is told is raised where nothing is being handled: as the context of another exception, the error with
    all its texts would travel to Node beside it.
    """
    if inspect.isasyncgenfunction(handler):

        @functools.wraps(handler)
        async def generator(*args: Any, **kwargs: Any) -> Any:
            failure: Exception | None = None
            async with aclosing(handler(*args, **kwargs)) as items:
                try:
                    async for item in items:
                        yield item
                except Exception as error:
                    failure = told(error)
            if failure is not None:
                raise failure

        return generator

    @functools.wraps(handler)
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        failure: Exception | None = None
        try:
            return await handler(*args, **kwargs)
        except Exception as error:
            failure = told(error)
        raise failure

    return coroutine
