"""What can go wrong in a worker, and how an exception is told to Node (SPEC.md section 6).

::

    BaseException
      Cancelled             the call was ended from outside; a handler may clean up but must let it pass
    Exception
      Fail                  an error that is part of a handler's contract: a code, a message, data
      HostError             an iterable of Node's failed while the handler read it
      InvalidArguments      the arguments of a call do not fit the function, or cannot exist here
      UnknownFunction       no exposed function has that name
      Unencodable           a value has no place in the protocol
      FrameTooLarge         a frame is over a limit of the connection
      ProtocolError         the peer broke the protocol; the connection is of no more use
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

__all__ = [
    "Cancelled",
    "Fail",
    "FrameTooLarge",
    "HostError",
    "InvalidArguments",
    "ProtocolError",
    "Unencodable",
    "UnknownFunction",
    "describe_exception",
]


class Cancelled(BaseException):
    """The running call was cancelled.

    Not an ``Exception``, so that ``except Exception`` in a handler does not swallow it.

    Args:
        started: False where the call was dropped before its function was entered.
        runs_on: Its function runs on, for the other calls of its batch.
    """

    def __init__(self, *, started: bool = True, runs_on: bool = False) -> None:
        super().__init__()
        self.started = started
        self.runs_on = runs_on


class Fail(Exception):
    """An error that is part of a handler's contract, raised by the user's code.

    Node sees it as ``python-error`` with ``failure: { code, data }``.

    Args:
        code: What callers test for, for example ``"no-such-user"``.
        message: For people; the code where it is left out.
        data: Any value that can be encoded.
    """

    def __init__(self, code: str, message: str | None = None, *, data: Any = None) -> None:
        super().__init__(code if message is None else message)
        self.code = code
        self.data = data


class HostError(Exception):
    """Node's side of a call failed: an iterable among its arguments threw while the handler read it.

    Args:
        name: Of the error in JavaScript, for example ``"TypeError"``.
        message: Its message.

    Attributes:
        name: As above.
        message: As above.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}" if message else name)
        self.name = name
        self.message = message


class InvalidArguments(Exception):
    """The arguments of a call do not fit, or it was called as what it is not.

    Args:
        message: What does not fit, and where.
        signature: How the function wants to be called, for example ``"add(a, b=0)"``.
        started: The function has run already, wholly or in part: it showed only then.
    """

    def __init__(self, message: str, signature: str | None = None, *, started: bool = False) -> None:
        super().__init__(message)
        self.signature = signature
        self.started = started


class UnknownFunction(Exception):
    """No exposed function has that name.

    Args:
        name: The name that was asked for.
        suggestions: Exposed names that look like it, best first.
    """

    def __init__(self, name: str, suggestions: Sequence[str] = ()) -> None:
        shown = name if len(name) <= 100 else f"{name[:100]}..."
        message = f"no function named {shown!r} is exposed"
        if suggestions:
            message += f"; did you mean {' or '.join(repr(other) for other in suggestions)}?"
        super().__init__(message)
        self.name = name
        self.suggestions = list(suggestions)


class Unencodable(Exception):
    """A value has no place in the protocol.

    Args:
        path: Where it is, for example ``"result.rows[3].owner"``.
        type_name: ``module.QualifiedName`` of its type. Never its repr, which may hold secrets.
        reason: Why it cannot be sent, as the end of a sentence that begins with the path.
    """

    def __init__(self, path: str, type_name: str, reason: str = "") -> None:
        super().__init__(f"{path} {reason or f'is a {type_name}, which cannot be encoded'}")
        self.path = path
        self.type_name = type_name
        self.reason = reason


class FrameTooLarge(Exception):
    """A frame is over a limit of the connection.

    Raised before anything is written (the connection is unharmed), or by a reader before anything is
    allocated (it is dead).

    Args:
        what: Which part is too large.
        size: Its size in bytes.
        limit: The limit in bytes.
    """

    def __init__(self, what: str, size: int, limit: int) -> None:
        super().__init__(f"{what} of {size} bytes is over the limit of {limit} bytes")
        self.size = size
        self.limit = limit


class ProtocolError(Exception):
    """The peer broke the protocol. There is no resynchronisation: close the connection."""


def describe_exception(
    error: BaseException, encode: Callable[..., tuple[bytes, bool, list[Any]]]
) -> dict[str, Any]:
    """Tell what ended a call, as the error object of SPEC.md section 6.

    Bounded in size and depth; safe with hostile exceptions.

    Args:
        error: What was raised.
        encode: The connection's encoder (:meth:`pypool.value.ValueCodec.encode`), to find out which of the
            exception's own data can be sent.

    Returns:
        An error object. Its ``args`` and ``data`` are values, still to be encoded with the rest.
    """
    from .failures import describe_failure

    return describe_failure(error, encode)
