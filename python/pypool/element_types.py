"""Element types of arrays on the wire (``dtype``), and their names in ``struct`` and ``memoryview``."""

from __future__ import annotations

__all__ = ["ARRAY_FORMATS", "DTYPE_SIZES", "dtype_of_format"]

DTYPE_SIZES = {
    "i1": 1,
    "i2": 2,
    "i4": 4,
    "i8": 8,
    "u1": 1,
    "u2": 2,
    "u4": 4,
    "u8": 8,
    "f2": 2,
    "f4": 4,
    "f8": 8,
    "c8": 8,
    "c16": 16,
    "b1": 1,
}
"""Bytes of one element, by dtype."""

ARRAY_FORMATS = {
    "i1": "b",
    "u1": "B",
    "u1c": "B",
    "i2": "h",
    "u2": "H",
    "i4": "i",
    "u4": "I",
    "i8": "q",
    "u8": "Q",
    "f4": "f",
    "f8": "d",
}
"""What a typed array of JavaScript can be: the format of the ``memoryview`` that it arrives as."""

_KINDS = {
    **dict.fromkeys("bhilqn", "i"),
    **dict.fromkeys("BHILQN", "u"),
    **dict.fromkeys("efd", "f"),
    "?": "b",
}


def dtype_of_format(format: str, item_bytes: int) -> str | None:
    """The dtype of a ``memoryview``, by its format: ``l`` is ``i8`` or ``i4``, as the platform has it.

    Returns:
        ``None`` where the protocol has no such element type.
    """
    code = format[1:] if format[:1] in "@=<" else format
    kind = _KINDS.get(code)
    return None if kind is None else f"{kind}{item_bytes}"
