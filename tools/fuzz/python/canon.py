"""A decoded value as text that both languages write alike: the twin of ``src/javascript/canon.ts``."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import struct
import sys
import uuid

INCOMPARABLE = "?"
_ARRAYS = {"b": "i1", "h": "i2", "H": "u2", "i": "i4", "I": "u4", "q": "i8", "Q": "u8", "f": "f4", "d": "f8"}
_TEXTS = {
    datetime.date: "date",
    datetime.time: "time",
    datetime.timedelta: "timedelta",
    decimal.Decimal: "decimal",
    uuid.UUID: "uuid",
    complex: "complex",
}
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_MILLISECOND = datetime.timedelta(milliseconds=1)


def canon(value, in_key=False):
    """Text of a value; within a key or a set's item (`in_key`) ``True`` is 1, as Python has it."""
    kind = type(value)
    if value is None:
        return "n"
    if kind is bool:
        return _number(int(value)) if in_key else "t" if value else "f"
    if kind is int or kind is float:
        return _number(value)
    if kind is str:
        return json.dumps(value)
    if kind is list or kind is tuple:
        return f"[{','.join([canon(item, in_key) for item in value])}]"
    if kind is dict:
        by_key = {canon(key, True): canon(item) for key, item in value.items()}
        return f"{{{','.join([f'{key}:{by_key[key]}' for key in sorted(by_key)])}}}"
    if kind is set or kind is frozenset:
        return f"<{','.join(sorted({canon(item, True) for item in value}))}>"
    if kind is bytes or kind is bytearray:
        return f"b{value.hex()}"
    if kind is memoryview:
        return f"b{value.hex()}" if value.format == "B" else f"a{_ARRAYS[value.format]}{value.hex()}"
    if kind is datetime.datetime:
        return INCOMPARABLE if in_key else _datetime(value)
    if kind in _TEXTS:
        return INCOMPARABLE if in_key else f"T:{_TEXTS[kind]}"
    if kind.__name__ == "Point":
        return f"P({canon(value.x, in_key)},{canon(value.y, in_key)})"
    numpy = sys.modules.get("numpy")
    if numpy is not None and kind is numpy.ndarray:
        dtype = f"{value.dtype.kind}{value.dtype.itemsize}"
        return f"N{dtype}[{','.join(map(str, value.shape))}]{value.tobytes().hex()}"
    raise TypeError(f"a value was decoded to {kind.__name__}")


def _number(value):
    try:
        number = float(value)
    except OverflowError:
        number = math.inf if value > 0 else -math.inf
    if number.is_integer() and abs(number) < 1e9:
        return f"d{int(number)}"
    return "dnan" if number != number else f"d{struct.pack('>d', number).hex()}"


def _datetime(value):
    since = value - _EPOCH
    if value.utcoffset() or since % _MILLISECOND:
        return "T:datetime:-"
    return f"T:datetime:{since // _MILLISECOND}"
