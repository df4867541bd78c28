"""Tagged values: what each ``{"$": [tag, ...]}`` stands for (SPEC.md section 5).

Two passes without recursion. The first goes from the outside in, since the ``object`` tag makes what is
directly inside it literal, and notes each tagged value. The second makes the values in reverse, so that
whatever is inside one is made before it.
"""

from __future__ import annotations

import re

from .element_types import ARRAY_FORMATS, DTYPE_SIZES
from .errors import InvalidArguments, ProtocolError
from .value_path import entry_step, field_step, key_step, path_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .frame import Buffer
    from .value_types import TypeRegistry

    Step = str | int
    Place = tuple["Place", tuple[Callable[[Any], str] | None, Any]] | None  # the way back to the root

__all__ = ["untag"]

_CONTAINERS = frozenset({dict, list})
_NONE, _ITEMS, _PAIRS, _VALUE = range(4)
_INT = re.compile(r"-?[0-9]{1,4300}")
_FLOAT = re.compile(r"nan|-?inf|-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")
_TIMEDELTA = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,6}))?")
_MAX_DIMENSIONS = 32  # of numpy 1; numpy 2 has 64


def untag(value: Any, buffers: Sequence[Buffer], types: TypeRegistry, root: str) -> Any:
    """Put what they stand for in the place of the tagged values of parsed JSON, which is changed.

    Args:
        value: Parsed JSON.
        buffers: Of the frame.
        types: The registered types.
        root: What the value is called in the path of an error.

    Raises:
        ProtocolError: A tag is malformed.
        InvalidArguments: A value is well-formed, but cannot exist in this process.
    """
    holder = [value]
    maker = _Maker(buffers, types)
    for parent, key, tag, place in reversed(_find_tags(holder)):
        try:
            parent[key] = _TAGS[tag[0]].make(maker, *tag)
        except _Impossible as impossible:
            path = path_of(root, [*_steps_to(place), *impossible.steps])
            raise InvalidArguments(f"{path} {impossible.reason}") from impossible.__cause__
    return holder[0]


def _find_tags(holder: list[Any]) -> list[tuple[Any, Any, list[Any], Place]]:
    """All tagged values, each before those inside it.

    Of each: what holds it, under which key, the tag and its parts, and where it is.
    """
    found: list[tuple[Any, Any, list[Any], Place]] = []
    pending: list[tuple[Any, Any, Any, Place]] = []
    if type(holder[0]) in _CONTAINERS:
        pending.append((holder, 0, holder[0], None))
    while pending:
        parent, key, value, place = pending.pop()
        if type(value) is dict and len(value) == 1 and "$" in value:
            tag = _check_tag(value["$"])
            found.append((parent, key, tag, place))
            inner = _TAGS[tag[0]].inner
            if inner == _ITEMS:
                _add_children(pending, tag[1], place)
            elif inner == _PAIRS:
                _add_pairs(pending, tag[1], place)
            elif inner == _VALUE and type(tag[2]) in _CONTAINERS:
                pending.append((tag, 2, tag[2], place))
        else:
            _add_children(pending, value, place)
    return found


def _add_children(pending: list[tuple[Any, Any, Any, Place]], container: Any, place: Place) -> None:
    if type(container) is dict:
        for key, child in container.items():
            if type(child) in _CONTAINERS:
                pending.append((container, key, child, (place, (field_step, key))))
    elif not _CONTAINERS.isdisjoint({*map(type, container)}):  # long lists of numbers are passed over
        for index, child in enumerate(container):
            if type(child) in _CONTAINERS:
                pending.append((container, index, child, (place, (None, index))))


def _add_pairs(pending: list[tuple[Any, Any, Any, Place]], pairs: list[list[Any]], place: Place) -> None:
    for index, pair in enumerate(pairs):
        if type(pair[0]) in _CONTAINERS:
            pending.append((pair, 0, pair[0], (place, (key_step, index))))
        if type(pair[1]) in _CONTAINERS:
            pending.append((pair, 1, pair[1], (place, (entry_step, pair[0]))))


def _check_tag(tag: Any) -> list[Any]:
    if type(tag) is not list or not tag or type(tag[0]) is not str:
        raise ProtocolError("a tagged value is no list that begins with a tag")
    form = _TAGS.get(tag[0])
    if form is None:
        raise ProtocolError(f"no value has the tag {tag[0][:40]!r}")
    if len(tag) - 1 != len(form.parts) or not all(map(isinstance, tag[1:], form.parts)):
        raise ProtocolError(f"the tag {tag[0]!r} has other parts than it must")
    if tag[0] == "map" and not all(type(pair) is list and len(pair) == 2 for pair in tag[1]):
        raise ProtocolError("the tag 'map' holds something else than pairs")
    return tag


def _steps_to(place: Place) -> list[Step]:
    steps: list[Step] = []
    while place is not None:
        place, (make, key) = place
        steps.append(key if make is None else make(key))
    return steps[::-1]


class _Impossible(Exception):
    """A well-formed value that cannot exist here. `steps` lead on from the tagged value."""

    def __init__(self, reason: str, *steps: Step) -> None:
        self.reason = reason
        self.steps = steps


class _Maker:
    """What the makers of values look things up in."""

    __slots__ = ("_buffers", "_types")

    def __init__(self, buffers: Sequence[Buffer], types: TypeRegistry) -> None:
        self._buffers = buffers
        self._types = types

    def buffer(self, index: int) -> Buffer:
        if index is True or index is False or not 0 <= index < len(self._buffers):
            raise ProtocolError(f"a tagged value names buffer {index} of {len(self._buffers)}")
        return self._buffers[index]

    def registered(self, name: str, value: Any) -> Any:
        entry = self._types.by_name.get(name)
        if entry is None:
            raise _Impossible(f"is of type {name!r}, which is not registered here: see pypool.register_type")
        try:
            return entry.decode(value)
        except Exception as error:
            raise _Impossible(f"is no {name!r}: {error}") from error


def _int(_maker: _Maker, _tag: str, text: str) -> int:
    if _INT.fullmatch(text) is None:
        raise ProtocolError("the tag 'int' holds no integer of at most 4300 digits")
    return int(text)


def _float(_maker: _Maker, _tag: str, text: str) -> float:
    if _FLOAT.fullmatch(text) is None:
        raise ProtocolError("the tag 'float' holds no number")
    return float(text)


def _bytes(maker: _Maker, _tag: str, index: int) -> bytes:
    return bytes(maker.buffer(index))


def _array(maker: _Maker, _tag: str, index: int, dtype: str) -> memoryview:
    data = maker.buffer(index)
    code = ARRAY_FORMATS.get(dtype)
    if code is None:
        raise ProtocolError(f"no array has the dtype {dtype[:40]!r}")
    if len(data) % DTYPE_SIZES[dtype[:2]]:
        raise ProtocolError(f"{len(data)} bytes are no array of {dtype}")
    array: memoryview = memoryview(data).cast(code)  # type: ignore[call-overload]
    return array


def _ndarray(maker: _Maker, _tag: str, index: int, dtype: str, shape: list[Any]) -> Any:
    data = maker.buffer(index)
    size = DTYPE_SIZES.get(dtype)
    if size is None:
        raise ProtocolError(f"no ndarray has the dtype {dtype[:40]!r}")
    if not all(type(extent) is int and extent >= 0 for extent in shape):
        raise ProtocolError("the tag 'ndarray' holds no shape")
    if len(shape) > _MAX_DIMENSIONS:
        raise _Impossible(f"has {len(shape)} dimensions; numpy allows {_MAX_DIMENSIONS}")
    for extent in shape:
        size *= extent
    if size != len(data):
        raise ProtocolError(f"{len(data)} bytes are no ndarray of {dtype} and shape {shape}")
    try:
        import numpy
    except ImportError as error:
        reason = "is an ndarray, and this Python has no numpy: install it, or send a typed array"
        raise _Impossible(reason) from error
    try:
        return numpy.frombuffer(data, dtype="?" if dtype == "b1" else f"<{dtype}").reshape(shape)
    except ValueError as error:
        raise _Impossible(f"is no ndarray: {error}") from error


def _datetime(_maker: _Maker, tag: str, text: str) -> Any:
    import datetime

    if text[-1:] in ("Z", "z"):  # which Python reads from 3.11 on
        text = text[:-1] + "+00:00"
    moment = _read(datetime.datetime.fromisoformat, tag, text)
    if moment.utcoffset() is None:
        raise _Impossible("is a datetime without a time zone")
    return moment


def _date(_maker: _Maker, tag: str, text: str) -> Any:
    import datetime

    return _read(datetime.date.fromisoformat, tag, text)


def _time(_maker: _Maker, tag: str, text: str) -> Any:
    import datetime

    return _read(datetime.time.fromisoformat, tag, text)


def _timedelta(_maker: _Maker, _tag: str, text: str) -> Any:
    import datetime

    match = _TIMEDELTA.fullmatch(text)
    if match is None:
        raise _Impossible("is no timedelta: it is written as seconds with at most six decimals")
    sign, whole, rest = match.groups()
    microseconds = int(whole) * 1_000_000 + int((rest or "").ljust(6, "0"))
    try:
        return datetime.timedelta(microseconds=-microseconds if sign else microseconds)
    except OverflowError as error:
        raise _Impossible(f"is no timedelta: {error}") from error


def _decimal(_maker: _Maker, _tag: str, text: str) -> Any:
    import decimal

    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:
        raise _Impossible(f"is no decimal: {text[:40]!r}") from None


def _uuid(_maker: _Maker, tag: str, text: str) -> Any:
    import uuid

    return _read(uuid.UUID, tag, text)


def _complex(_maker: _Maker, tag: str, text: str) -> Any:
    return _read(complex, tag, text)


def _read(read: Callable[[str], Any], tag: str, text: str) -> Any:
    try:
        return read(text)
    except (ValueError, OverflowError) as error:
        raise _Impossible(f"is no {tag}: {error}") from error


def _set(_maker: _Maker, tag: str, items: list[Any]) -> Any:
    try:
        return frozenset(items) if tag == "frozenset" else set(items)
    except TypeError as error:
        raise _unhashable(items, "in a Python set") from error


def _map(_maker: _Maker, _tag: str, pairs: list[list[Any]]) -> dict[Any, Any]:
    try:
        return {key: item for key, item in pairs}
    except TypeError as error:
        raise _unhashable([key for key, _ in pairs], "the key of a Python dict", key_step) from error


def _unhashable(items: list[Any], place: str, step: Callable[[int], Step] = int) -> _Impossible:
    for index, item in enumerate(items):
        try:
            hash(item)
        except TypeError:
            return _Impossible(f"is a {type(item).__name__}, which cannot be {place}", step(index))
    return _Impossible(f"holds what cannot be {place}")


def _tuple(_maker: _Maker, _tag: str, items: list[Any]) -> tuple[Any, ...]:
    return tuple(items)


def _object(_maker: _Maker, _tag: str, fields: dict[str, Any]) -> dict[str, Any]:
    return fields


def _type(maker: _Maker, _tag: str, name: str, value: Any) -> Any:
    return maker.registered(name, value)


class _Form:
    """One tag.

    Attributes:
        make: Makes the value of the parts, those inside it being made already.
        parts: The JSON types of what follows the tag's name.
        inner: Where there are values inside: the items or fields of the first part, its pairs, the second
            part, or nowhere.
    """

    __slots__ = ("inner", "make", "parts")

    def __init__(self, make: Callable[..., Any], *parts: type, inner: int = _NONE) -> None:
        self.make = make
        self.parts = parts
        self.inner = inner


_TAGS = {
    "int": _Form(_int, str),
    "float": _Form(_float, str),
    "bytes": _Form(_bytes, int),
    "array": _Form(_array, int, str),
    "ndarray": _Form(_ndarray, int, str, list),
    "datetime": _Form(_datetime, str),
    "date": _Form(_date, str),
    "time": _Form(_time, str),
    "timedelta": _Form(_timedelta, str),
    "decimal": _Form(_decimal, str),
    "uuid": _Form(_uuid, str),
    "complex": _Form(_complex, str),
    "set": _Form(_set, list, inner=_ITEMS),
    "frozenset": _Form(_set, list, inner=_ITEMS),
    "map": _Form(_map, list, inner=_PAIRS),
    "tuple": _Form(_tuple, list, inner=_ITEMS),
    "object": _Form(_object, dict, inner=_ITEMS),
    "type": _Form(_type, str, object, inner=_VALUE),
}
