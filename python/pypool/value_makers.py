"""What makes the value of each tag (SPEC.md section 5)."""

from __future__ import annotations

import re

from .element_types import ARRAY_FORMATS, DTYPE_SIZES
from .errors import ProtocolError
from .value_library_makers import arrow_table, ndarray
from .value_maker import Impossible
from .value_path import key_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .value_maker import Maker

    Step = str | int

__all__ = ["ITEMS", "NONE", "PAIRS", "TAGS", "VALUE", "Tag"]

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


def _int(_maker: Maker, tag: str, text: str) -> Any:
    if _INT.fullmatch(text) is None:
        raise ProtocolError("the tag 'int' holds no integer of at most 4300 digits")
    return _read(int, tag, text)  # which takes fewer digits where the user has said so


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
    "ndarray": Tag(ndarray, int, str, list),
    "arrow": Tag(arrow_table, int),
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
