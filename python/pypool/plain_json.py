"""Plain JSON text, by the stock encoder and decoder.

Each is built once here; ``json.dumps`` and ``json.loads`` build much of them anew for every value.
"""

from __future__ import annotations

import _thread
import json
import sys
from json import encoder as _json_encoder

from .errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

__all__ = ["NotFinite", "parse_json", "quote", "scan_json", "with_deeper_stack", "write_json"]

_EXTRA_LEVELS = 4096  # a map takes four levels of JSON, and values are at most 256 deep


class NotFinite(Exception):
    """Plain JSON has no place for a NaN or an infinity."""


def _make_writer(escape: Callable[[str], str]) -> Callable[[Any, int], Sequence[str]]:
    """The stock encoder, kept: ``json.dumps`` would build it anew for every value."""

    def refuse(value: Any) -> Any:
        raise TypeError(f"{type(value).__name__} is not plain")

    make: Any = getattr(_json_encoder, "c_make_encoder", None)
    if make is not None:
        # No markers: what is written is known to hold no cycle.
        writer: Callable[[Any, int], Sequence[str]] = make(
            None, refuse, escape, None, ":", ",", False, False, False
        )
        return writer
    ascii_only = escape is _json_encoder.encode_basestring_ascii
    stock = json.JSONEncoder(
        ensure_ascii=ascii_only, check_circular=False, allow_nan=False, separators=(",", ":"), default=refuse
    )
    return lambda value, _level: (stock.encode(value),)


_write = _make_writer(_json_encoder.encode_basestring)
_write_ascii = _make_writer(_json_encoder.encode_basestring_ascii)


def write_json(value: Any) -> bytes:
    """Plain values as UTF-8 JSON. Lone surrogates, which UTF-8 does not have, are escaped.

    Raises:
        NotFinite: A float in it is not finite.
    """
    try:
        text = "".join(_write(value, 0))
    except ValueError:
        raise NotFinite from None
    except RecursionError:
        text = "".join(with_deeper_stack(_write, value, 0))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return "".join(with_deeper_stack(_write_ascii, value, 0)).encode()


quote: Callable[[str], str] = _json_encoder.encode_basestring
"""A string as JSON text. Where UTF-8 refuses its lone surrogates, :func:`write_json` escapes them."""


def _refuse_constant(name: str) -> Any:
    raise ProtocolError(f"{name} is no JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)
scan_json: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once  # type: ignore[attr-defined,unused-ignore]
"""``(text, start)`` to ``(value, end)``; raises StopIteration, ValueError or RecursionError."""


def parse_json(text: str) -> Any:
    """JSON text to plain values.

    Raises:
        ProtocolError: It is no JSON, or nested too deep to read.
    """
    try:
        try:
            value, end = scan_json(text, 0)
        except RecursionError:
            value, end = with_deeper_stack(scan_json, text, 0)
        return value if end == len(text) else _decoder.decode(text)
    except StopIteration:  # white space in front, or nothing at all
        return _parse_spaced(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"an envelope is no JSON: {error}") from None


def _parse_spaced(text: str) -> Any:
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"an envelope is no JSON: {error}") from None


def with_deeper_stack(work: Callable[..., Any], *args: Any) -> Any:
    """Do something again that ran out of stack, with room for the deepest value that the protocol allows."""
    with _stack_lock:  # the limit belongs to the process, and must come back to what it was
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(limit + _EXTRA_LEVELS)
        try:
            return work(*args)
        finally:
            sys.setrecursionlimit(limit)


_stack_lock = _thread.allocate_lock()
