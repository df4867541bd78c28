"""What the shapes of messages are made of: one check for each thing that a key may hold."""

from __future__ import annotations

from .errors import ProtocolError
from .frame_header import MAX_CALL_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Check = Callable[[Any], bool]
    Shape = dict[str, tuple[bool, Check]]  # of each key, whether it must be there, and what it holds

__all__ = [
    "all_required",
    "check_message",
    "is_count",
    "is_flag",
    "is_integer",
    "is_number",
    "is_object",
    "is_positive",
    "is_text",
    "list_of",
    "nullable",
    "one_of",
    "shaped",
]

_INFINITE = 2**1024 - 2**970  # the least that rounds to infinity as a double


def check_message(name: str, message: Any, shape: Shape) -> None:
    """Hold a message against its shape. Keys that the shape lacks are not looked at.

    Args:
        name: What the message is called in errors.
        message: Parsed JSON.
        shape: What it must be.

    Raises:
        ProtocolError: It is something else.
    """
    if type(message) is not dict:
        raise ProtocolError(f"a {name} is no object")
    for key, (required, check) in shape.items():
        if key in message:
            if not check(message[key]):
                raise ProtocolError(f"a {name} has no valid {key!r}")
        elif required:
            raise ProtocolError(f"a {name} has no {key!r}")


def is_text(value: Any) -> bool:
    """A ``str``."""
    return type(value) is str


def is_flag(value: Any) -> bool:
    """A ``bool``."""
    return type(value) is bool


def is_integer(value: Any) -> bool:
    """A whole number that is exact in both languages."""
    return type(value) is int and -MAX_CALL_ID <= value <= MAX_CALL_ID


def is_count(value: Any) -> bool:
    """Such a number from 0 on."""
    return type(value) is int and 0 <= value <= MAX_CALL_ID


def is_positive(value: Any) -> bool:
    """Such a number from 1 on."""
    return type(value) is int and 0 < value <= MAX_CALL_ID


def is_number(value: Any) -> bool:
    """Any number that is finite in both languages."""
    return (type(value) is int or type(value) is float) and -_INFINITE < value < _INFINITE


def is_object(value: Any) -> bool:
    """A ``dict``."""
    return type(value) is dict


def nullable(check: Check) -> Check:
    """``None``, or what another check accepts."""
    return lambda value: value is None or check(value)


def list_of(check: Check) -> Check:
    """A list whose items one check accepts."""
    return lambda value: type(value) is list and all(map(check, value))


def one_of(*texts: str) -> Check:
    """One of these texts."""
    return lambda value: type(value) is str and value in texts


def shaped(**fields: Check) -> Check:
    """A ``dict`` with at least these keys."""
    return lambda value: (
        type(value) is dict and all(key in value and check(value[key]) for key, check in fields.items())
    )


def all_required(**fields: Check) -> Shape:
    """A shape of keys that must all be there."""
    return {key: (True, check) for key, check in fields.items()}
