"""An exception as an envelope, whatever the exception is like."""

from __future__ import annotations

from .plain_json import write_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .frame import FrameLimits
    from .value import Encoded, ValueCodec

__all__ = ["encode_failure"]


def _unchanged(said: dict[str, Any]) -> dict[str, Any]:
    return said


def encode_failure(
    error: BaseException,
    codec: ValueCodec,
    limits: FrameLimits,
    wrap: Callable[[dict[str, Any]], dict[str, Any]] = _unchanged,
) -> Encoded:
    """Encode what went wrong, or as much of it as can be sent.

    Never fails: a call has to end, whatever ended it.

    Args:
        error: What was raised.
        codec: How values are said.
        limits: What one frame may hold.
        wrap: Puts the error object into the message that carries it.
    """
    try:
        from .failures import describe_failure

        encoded = codec.encode_message(wrap(describe_failure(error, codec.encode)))
        frame_bytes = len(encoded[0]) + 8 * len(encoded[2])
        if frame_bytes <= limits.max_frame_bytes and sum(map(len, encoded[2])) <= limits.max_buffer_bytes:
            return encoded
        missing = f"they take {frame_bytes} bytes"
    except BaseException as reason:  # no memory, or an exception that fights being read
        missing = type(reason).__qualname__
    return write_json(wrap(_outline(error, missing))), False, []


def _outline(error: BaseException, missing: str) -> dict[str, Any]:
    """An error object of what is always small."""
    cls = type(error)
    return {
        "kind": "python",
        "message": f"{cls.__qualname__}, whose details could not be sent: {missing}",
        "type": cls.__qualname__,
        "module": str(cls.__module__),
        "args": [],
        "traceback": "",
        "frames": [],
        "notes": [],
        "cause": None,
        "context": None,
        "suppressContext": False,
        "exceptions": None,
    }
