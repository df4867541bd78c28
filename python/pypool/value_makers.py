"""What makes the value of each tag (SPEC.md section 5)."""

from __future__ import annotations

import re

from .element_types import ARRAY_FORMATS, DTYPE_SIZES
from .errors import ProtocolError
from .plain import MAX_SAFE_INTEGER
from .value_path import key_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .frame import Buffer
    from .value_types import TypeRegistry

    Step = str | int

__all__ = ["ITEMS", "NONE", "PAIRS", "TAGS", "VALUE", "Impossible", "Maker", "Tag"]

NONE, ITEMS, PAIRS, VALUE = range(4)
_INT = re.compile(r"-?[0-9]{1,4300}")
_FLOAT = re.compile(r"nan|-?inf|-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")
_TIMEDELTA = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,6}))?")
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = "([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}([.][0-9]{3}([0-9]{3})?)?"
_ZONE = "([+-][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{6})?)?)?"
_ISO_FORMS = {
    "date": re.compile(_DATE),
    "time": re.compile(_CLOCK + _ZONE),
    "datetime": re.compile(_DATE + "T" + _CLOCK + _ZONE),
}
_MAX_DIMENSIONS = 32  # of numpy 1; numpy 2 has 64


class Impossible(Exception):
    """A well-formed value that cannot exist here. `steps` lead on from the tagged value."""

    def __init__(self, reason: str, *steps: Step) -> None:
        self.reason = reason
        self.steps = steps


class Maker:
    """What the makers of values look things up in."""

    __slots__ = ("_buffers", "_types")

    def __init__(self, buffers: Sequence[Buffer], types: TypeRegistry) -> None:
        self._buffers = buffers
        self._types = types

    def buffer(self, index: int) -> Buffer:
        """A buffer of the frame.

        Raises:
            ProtocolError: The frame has no such buffer.
        """
        if index is True or index is False or not 0 <= index < len(self._buffers):
            raise ProtocolError(f"a tagged value names buffer {index} of {len(self._buffers)}")
        return self._buffers[index]

    def registered(self, name: str, value: Any) -> Any:
        """A value of a registered type, of what the other side said of it.

        Raises:
            Impossible: The type is not registered here, or its decoder raised.
        """
        entry = self._types.by_name.get(name)
        if entry is None:
            raise Impossible(f"is of type {name!r}, which is not registered here: see pypool.register_type")
        try:
            return entry.decode(value)
        except Exception as error:
            raise Impossible(f"is no {name!r}: {error}") from error


def _int(_maker: Maker, _tag: str, text: str) -> int:
    if _INT.fullmatch(text) is None:
        raise ProtocolError("the tag 'int' holds no integer of at most 4300 digits")
    return int(text)


def _float(_maker: Maker, _tag: str, text: str) -> float:
    if _FLOAT.fullmatch(text) is None:
        raise ProtocolError("the tag 'float' holds no number")
    return float(text)


def _bytes(maker: Maker, _tag: str, index: int) -> bytes:
    return bytes(maker.buffer(index))


def _array(maker: Maker, _tag: str, index: int, dtype: str) -> memoryview:
    data = maker.buffer(index)
    code = ARRAY_FORMATS.get(dtype)
    if code is None:
        raise ProtocolError(f"no array has the dtype {dtype[:40]!r}")
    if len(data) % DTYPE_SIZES[dtype[:2]]:
        raise ProtocolError(f"{len(data)} bytes are no array of {dtype}")
    array: memoryview = memoryview(data).cast(code)  # type: ignore[call-overload]
    return array


def _ndarray(maker: Maker, _tag: str, index: int, dtype: str, shape: list[Any]) -> Any:
    data = maker.buffer(index)
    size = DTYPE_SIZES.get(dtype)
    if size is None:
        raise ProtocolError(f"no ndarray has the dtype {dtype[:40]!r}")
    if not all(type(extent) is int and 0 <= extent <= MAX_SAFE_INTEGER for extent in shape):
        raise ProtocolError("the tag 'ndarray' holds no shape")
    if 0 in shape:
        size = 0
    else:
        for extent in shape:
            size *= extent
            if size > len(data):  # the rest only adds to it: a long shape must not become a long number
                break
    if size != len(data):
        raise ProtocolError(f"{len(data)} bytes are no ndarray of {dtype} and {len(shape)} dimensions")
    if len(shape) > _MAX_DIMENSIONS:
        raise Impossible(f"has {len(shape)} dimensions; numpy allows {_MAX_DIMENSIONS}")
    try:
        import numpy
    except ImportError as error:
        reason = "is an ndarray, and this Python has no numpy: install it, or send a typed array"
        raise Impossible(reason) from error
    except Exception as error:  # a broken installation, or a file of the user's of that name
        raise Impossible(f"is an ndarray, and importing numpy failed: {error}") from error
    try:
        return numpy.frombuffer(data, dtype=f"<{dtype}").reshape(shape)
    except ValueError as error:
        raise Impossible(f"is no ndarray: {error}") from error


def _datetime(_maker: Maker, tag: str, text: str) -> Any:
    import datetime

    if text[-1:] in ("Z", "z"):  # which Python reads from 3.11 on
        text = text[:-1] + "+00:00"
    moment = _read_iso(datetime.datetime.fromisoformat, tag, text)
    if moment.utcoffset() is None:
        raise Impossible("is a datetime without a time zone")
    return moment


def _date(_maker: Maker, tag: str, text: str) -> Any:
    import datetime

    return _read_iso(datetime.date.fromisoformat, tag, text)


def _time(_maker: Maker, tag: str, text: str) -> Any:
    import datetime

    return _read_iso(datetime.time.fromisoformat, tag, text)


def _timedelta(_maker: Maker, _tag: str, text: str) -> Any:
    import datetime

    match = _TIMEDELTA.fullmatch(text)
    if match is None:
        raise Impossible("is no timedelta: it is written as seconds with at most six decimals")
    sign, whole, rest = match.groups()
    microseconds = int(whole) * 1_000_000 + int((rest or "").ljust(6, "0"))
    try:
        return datetime.timedelta(microseconds=-microseconds if sign else microseconds)
    except OverflowError as error:
        raise Impossible(f"is no timedelta: {error}") from error


def _decimal(_maker: Maker, _tag: str, text: str) -> Any:
    import decimal

    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:
        raise Impossible(f"is no decimal: {text[:40]!r}") from None


def _uuid(_maker: Maker, tag: str, text: str) -> Any:
    import uuid

    return _read(uuid.UUID, tag, text)


def _complex(_maker: Maker, tag: str, text: str) -> Any:
    return _read(complex, tag, text)


def _read(read: Callable[[str], Any], tag: str, text: str) -> Any:
    try:
        return read(text)
    except (ValueError, OverflowError) as error:
        raise Impossible(f"is no {tag}: {error}") from error


def _read_iso(read: Callable[[str], Any], tag: str, text: str) -> Any:
    """Read what ``isoformat`` writes. Newer Pythons take more, and values must not depend on the version."""
    if _ISO_FORMS[tag].fullmatch(text) is None:
        raise Impossible(f"is no {tag} as isoformat() writes it: {text[:40]!r}")
    return _read(read, tag, text)


def _set(_maker: Maker, tag: str, items: list[Any]) -> Any:
    try:
        return frozenset(items) if tag == "frozenset" else set(items)
    except (TypeError, ValueError) as error:  # a memoryview that can be written to raises the latter
        raise _unhashable(items, "in a Python set") from error


def _map(_maker: Maker, _tag: str, pairs: list[list[Any]]) -> dict[Any, Any]:
    try:
        return {key: item for key, item in pairs}
    except (TypeError, ValueError) as error:
        raise _unhashable([key for key, _ in pairs], "the key of a Python dict", key_step) from error


def _unhashable(items: list[Any], place: str, step: Callable[[int], Step] = int) -> Impossible:
    for index, item in enumerate(items):
        try:
            hash(item)
        except (TypeError, ValueError):
            return Impossible(f"is a {type(item).__name__}, which cannot be {place}", step(index))
    return Impossible(f"holds what cannot be {place}")


def _tuple(_maker: Maker, _tag: str, items: list[Any]) -> tuple[Any, ...]:
    return tuple(items)


def _object(_maker: Maker, _tag: str, fields: dict[str, Any]) -> dict[str, Any]:
    return fields


def _type(maker: Maker, _tag: str, name: str, value: Any) -> Any:
    return maker.registered(name, value)


class Tag:
    """One tag.

    Attributes:
        make: Makes the value of the parts, those inside it being made already.
        parts: The JSON types of what follows the tag's name.
        inner: Where there are values inside: the items or fields of the first part, its pairs, the second
            part, or nowhere.
    """

    __slots__ = ("inner", "make", "parts")

    def __init__(self, make: Callable[..., Any], *parts: type, inner: int = NONE) -> None:
        self.make = make
        self.parts = parts
        self.inner = inner


TAGS = {
    "int": Tag(_int, str),
    "float": Tag(_float, str),
    "bytes": Tag(_bytes, int),
    "array": Tag(_array, int, str),
    "ndarray": Tag(_ndarray, int, str, list),
    "datetime": Tag(_datetime, str),
    "date": Tag(_date, str),
    "time": Tag(_time, str),
    "timedelta": Tag(_timedelta, str),
    "decimal": Tag(_decimal, str),
    "uuid": Tag(_uuid, str),
    "complex": Tag(_complex, str),
    "set": Tag(_set, list, inner=ITEMS),
    "frozenset": Tag(_set, list, inner=ITEMS),
    "map": Tag(_map, list, inner=PAIRS),
    "tuple": Tag(_tuple, list, inner=ITEMS),
    "object": Tag(_object, dict, inner=ITEMS),
    "type": Tag(_type, str, object, inner=VALUE),
}
