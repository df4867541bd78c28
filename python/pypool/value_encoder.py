"""Values that are not plain: copies of them, in which all that JSON lacks is a tag (SPEC.md section 5)."""

from __future__ import annotations

import sys
from math import isfinite

from .element_types import DTYPE_SIZES, dtype_of_format
from .errors import Unencodable
from .plain import MAX_DEPTH, MAX_SAFE_INTEGER, is_plain
from .plain_json import with_deeper_stack, write_json
from .value_path import entry_step, field_step, key_step, path_of, type_name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from .frame import Buffer
    from .value import Encoded, ValueCodec

    Form = Callable[["_Walk", Any], Any]
    Step = str | int

__all__ = ["ValueEncoder"]

MAX_INT_DIGITS = 4300
"""The most digits that CPython converts from and to text unasked."""

_TOO_LARGE = 10**MAX_INT_DIGITS
_MAX_CACHED_TYPES = 1024
_SCALARS = frozenset({type(None), bool, str, int, float})


class ValueEncoder:
    """Encodes what is not plain. Remembers how each type is said.

    Args:
        codec: Says which integers, markers and registered types to use.
    """

    __slots__ = ("_codec", "_forms", "_generation")

    def __init__(self, codec: ValueCodec) -> None:
        self._codec = codec
        self._generation = -1
        self._forms: dict[type, Form] = {}

    def encode(self, value: Any, root: str, buffers: list[Buffer]) -> Encoded:
        """As :meth:`pypool.value.ValueCodec.encode`; also right for plain values, only slower."""
        return self._run(_Walk.encode, value, root, buffers)

    def encode_items(self, items: Sequence[Any], first: int) -> Encoded:
        """As :meth:`pypool.value.ValueCodec.encode_items`."""

        def encode_each(walk: _Walk, items: Sequence[Any]) -> list[Any]:
            copies: list[Any] = []
            try:
                for item in items:
                    copies.append(walk.encode(item))
            except _Refused as refused:
                refused.steps.append(first + len(copies))
                raise
            return copies

        return self._run(encode_each, items, "items", [])

    def _run(
        self, work: Callable[[_Walk, Any], Any], value: Any, root: str, buffers: list[Buffer]
    ) -> Encoded:
        before = len(buffers)
        options = (self, buffers, self._codec.integers, self._codec.unencodable == "marker")
        walk = _Walk(*options)
        try:
            try:
                copy = work(walk, value)
            except RecursionError:  # the thread's stack was deep before
                del buffers[before:]
                walk = _Walk(*options)  # the first may not have got to the end of what it was leaving
                copy = with_deeper_stack(work, walk, value)
            return write_json(copy), walk.tagged, buffers
        except _Refused as refused:
            del buffers[before:]
            path = path_of(root, reversed(refused.steps))
            raise Unencodable(path, type_name_of(refused.type), refused.reason) from None
        except BaseException:
            del buffers[before:]
            raise

    def form_of(self, cls: type) -> Form | None:
        """How values of a type are said; ``None`` where they are not."""
        types = self._codec.types
        if self._generation != types.generation or len(self._forms) > _MAX_CACHED_TYPES:
            self._forms = dict(_FORMS)
            self._generation = types.generation
        form = self._forms.get(cls)
        if form is None:
            form = self._find_form(cls)
            if form is not None:
                self._forms[cls] = form
        return form

    def _find_form(self, cls: type) -> Form | None:
        line = cls.__mro__
        registered = self._codec.types.by_class
        for base in line:
            if base in registered:
                return _registered(registered[base].name, registered[base].encode)
        for module, name, form in _LIBRARY_FORMS:
            # Never imported for this: without the module there are no such values.
            owner = sys.modules.get(module)
            known = getattr(owner, name, None)
            if known is not None and known in line:
                return form
        if any("__dataclass_fields__" in base.__dict__ for base in line):
            return _dataclass_form(cls)
        for base in line:
            if base in _BASES:
                return _BASES[base]
        return None


class _Refused(Exception):
    """Gathers the way from the refused value out to the root while it passes upwards."""

    def __init__(self, cls: type, reason: str) -> None:
        self.type = cls
        self.reason = reason
        self.steps: list[Step] = []


class _Walk:
    """One encoding of one value."""

    __slots__ = ("_active", "_form_of", "buffers", "integers", "marker", "tagged")

    def __init__(self, encoder: ValueEncoder, buffers: list[Buffer], integers: str, marker: bool) -> None:
        self._form_of = encoder.form_of
        self._active: set[int] = set()
        self.buffers = buffers
        self.integers = integers
        self.marker = marker
        self.tagged = False

    def encode(self, value: Any) -> Any:
        return (self._form_of(type(value)) or _refuse)(self, value)

    def tag(self, *parts: Any) -> dict[str, Any]:
        self.tagged = True
        return {"$": parts}

    def refuse(self, value: Any, reason: str = "") -> Any:
        """`reason` goes on from the path: "is a naive datetime"."""
        if self.marker:
            return self.tag("unencodable", type_name_of(type(value)))
        raise _Refused(type(value), reason)

    def attach(self, data: Buffer) -> int:
        self.buffers.append(data)
        return len(self.buffers) - 1

    def enter(self, container: Any) -> str:
        """Begin a container. Returns why it cannot be begun, or nothing; then `leave` must follow."""
        if id(container) in self._active:
            return "refers back to a value that holds it"
        if len(self._active) >= MAX_DEPTH:
            return f"is nested more than {MAX_DEPTH} levels deep"
        self._active.add(id(container))
        return ""

    def leave(self, container: Any) -> None:
        self._active.discard(id(container))

    def encode_items(self, container: Any, tag: str = "") -> Any:
        refusal = self.enter(container)
        if refusal:
            return self.refuse(container, refusal)
        copy: Any = container
        try:
            if tag or not _is_flat(container, self.integers != "bigint"):
                form_of = self._form_of
                copy = []
                for item in container:
                    copy.append((form_of(type(item)) or _refuse)(self, item))
        except _Refused as refused:
            refused.steps.append(len(copy))
            raise
        finally:
            self.leave(container)
        return self.tag(tag, copy) if tag else copy

    def encode_fields(self, container: Any, fields: Iterable[tuple[str, Any]]) -> Any:
        refusal = self.enter(container)
        if refusal:
            return self.refuse(container, refusal)
        copy: dict[str, Any] = {}
        key = ""
        try:
            form_of = self._form_of
            for key, item in fields:
                copy[key] = (form_of(type(item)) or _refuse)(self, item)
        except _Refused as refused:
            refused.steps.append(field_step(key))
            raise
        finally:
            self.leave(container)
        return self.tag("object", copy) if len(copy) == 1 and "$" in copy else copy

    def encode_pairs(self, container: dict[Any, Any]) -> Any:
        refusal = self.enter(container)
        if refusal:
            return self.refuse(container, refusal)
        pairs: list[list[Any]] = []
        pair: list[Any] = []
        key: Any = None
        try:
            form_of = self._form_of
            for key, item in container.items():
                pair = []
                pair.append((form_of(type(key)) or _refuse)(self, key))
                pair.append((form_of(type(item)) or _refuse)(self, item))
                pairs.append(pair)
        except _Refused as refused:
            refused.steps.append(entry_step(key) if pair else key_step(len(pairs)))
            raise
        finally:
            self.leave(container)
        return self.tag("map", pairs)


def _is_flat(items: Any, integers: bool) -> bool:
    """Whether items are scalars that JSON holds: most of a value that holds one odd thing needs no copy."""
    kinds = {*map(type, items)}
    if not kinds <= _SCALARS or not is_plain(items, integers):
        return False
    if float not in kinds:
        return True
    return all(map(isfinite, items if kinds == {float} else [item for item in items if type(item) is float]))


def _refuse(walk: _Walk, value: Any) -> Any:
    return walk.refuse(value)


def _same(_walk: _Walk, value: Any) -> Any:
    return value


def _str(_walk: _Walk, value: str) -> str:
    return str.__str__(value)


def _int(walk: _Walk, value: int) -> Any:
    value = int.__int__(value)
    if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return value if walk.integers != "bigint" else walk.tag("int", str(value))
    if walk.integers == "error":
        return walk.refuse(value, "is an integer beyond 2^53 - 1, and integers are set to 'error'")
    if not -_TOO_LARGE < value < _TOO_LARGE:
        return walk.refuse(value, f"is an integer of more than {MAX_INT_DIGITS} digits")
    return walk.tag("int", str(value))


def _float(walk: _Walk, value: float) -> Any:
    value = float.__float__(value)
    return value if isfinite(value) else walk.tag("float", repr(value))


def _list(walk: _Walk, value: Any) -> Any:
    return walk.encode_items(value)


def _dict(walk: _Walk, value: dict[Any, Any]) -> Any:
    if all(isinstance(key, str) for key in value) and "__proto__" not in value:
        return walk.encode_fields(value, [(str.__str__(key), item) for key, item in value.items()])
    return walk.encode_pairs(value)


def _set(walk: _Walk, value: set[Any]) -> Any:
    return walk.encode_items(value, "set")


def _frozenset(walk: _Walk, value: frozenset[Any]) -> Any:
    return walk.encode_items(value, "frozenset")


def _bytes(walk: _Walk, value: Any) -> Any:
    return walk.tag("bytes", walk.attach(value))


def _memoryview(walk: _Walk, value: memoryview) -> Any:
    if value.ndim == 1 and value.format in ("B", "c"):
        return walk.tag("bytes", walk.attach(_contiguous(value)))
    dtype = dtype_of_format(value.format, value.itemsize)
    if dtype not in DTYPE_SIZES:
        return walk.refuse(value, f"is a memoryview of format {value.format!r}")
    index = walk.attach(_contiguous(value))
    if value.ndim == 1 and dtype not in ("f2", "b1"):
        return walk.tag("array", index, dtype)
    return walk.tag("ndarray", index, dtype, list(value.shape or ()))


def _contiguous(value: memoryview) -> Buffer:
    if value.c_contiguous and value.nbytes and value.ndim:
        return value.cast("B")
    return value.tobytes()


def _array(walk: _Walk, value: Any) -> Any:
    if value.typecode in ("u", "w"):
        return walk.refuse(value, "is an array of characters")
    return _memoryview(walk, memoryview(value))


def _complex(walk: _Walk, value: complex) -> Any:
    return walk.tag("complex", complex.__repr__(value).strip("()"))


def _datetime(walk: _Walk, value: Any) -> Any:
    if value.utcoffset() is None:
        return walk.refuse(value, "is a naive datetime: give it a time zone")
    return walk.tag("datetime", sys.modules["datetime"].datetime.isoformat(value))


def _date(walk: _Walk, value: Any) -> Any:
    return walk.tag("date", value.isoformat())


def _time(walk: _Walk, value: Any) -> Any:
    return walk.tag("time", value.isoformat())


def _timedelta(walk: _Walk, value: Any) -> Any:
    """Seconds as an exact decimal: ``str`` of a timedelta is not read back by anything."""
    microseconds = (value.days * 86400 + value.seconds) * 1_000_000 + value.microseconds
    whole, rest = divmod(abs(microseconds), 1_000_000)
    text = f"{'-' if microseconds < 0 else ''}{whole}"
    return walk.tag("timedelta", f"{text}.{rest:06}".rstrip("0") if rest else text)


def _decimal(walk: _Walk, value: Any) -> Any:
    return walk.tag("decimal", str(value))


def _uuid(walk: _Walk, value: Any) -> Any:
    return walk.tag("uuid", str(value))


def _enum(walk: _Walk, value: Any) -> Any:
    return walk.encode(value.value)


def _pydantic(walk: _Walk, value: Any) -> Any:
    dump = getattr(value, "model_dump", None) or value.dict  # version 1 has `dict`
    refusal = walk.enter(value)
    if refusal:
        return walk.refuse(value, refusal)
    try:
        return walk.encode(dump())
    finally:
        walk.leave(value)


def _dataclass_form(cls: type) -> Form:
    names = [field.name for field in sys.modules["dataclasses"].fields(cls)]

    def form(walk: _Walk, value: Any) -> Any:
        missing = [name for name in names if not hasattr(value, name)]
        if missing:
            return walk.refuse(value, f"is a dataclass whose field {missing[0]!r} has no value")
        return walk.encode_fields(value, [(name, getattr(value, name)) for name in names])

    return form


def _registered(name: str, encode: Callable[[Any], Any]) -> Form:
    def form(walk: _Walk, value: Any) -> Any:
        refusal = walk.enter(value)
        if refusal:
            return walk.refuse(value, refusal)
        try:
            return walk.tag("type", name, walk.encode(encode(value)))
        finally:
            walk.leave(value)

    return form


def _numpy_scalar(walk: _Walk, value: Any) -> Any:
    plain = value.item() if value.dtype.kind in "biufcSU" else value
    if type(plain) not in (bool, int, float, complex, bytes, str):  # long doubles, datetime64, structured
        return walk.refuse(value, f"is a numpy scalar of dtype {value.dtype}")
    return walk.encode(plain)


def _numpy_array(walk: _Walk, value: Any) -> Any:
    kind = value.dtype.kind
    dtype = f"{kind}{value.dtype.itemsize}"
    if dtype not in DTYPE_SIZES:
        return walk.refuse(value, f"is a numpy array of dtype {value.dtype}")
    masked = sys.modules.get("numpy.ma")
    if masked is not None and isinstance(value, masked.MaskedArray):
        return walk.refuse(value, "is a masked array: fill it or send data and mask apart")
    numpy = sys.modules["numpy"]
    flat = numpy.ascontiguousarray(value, dtype=f"<{dtype}").reshape(-1)
    data: Buffer = memoryview(flat.view("u1")) if flat.size else b""
    return walk.tag("ndarray", walk.attach(data), dtype, list(value.shape))


_BASES: dict[type, Form] = {
    str: _str,
    int: _int,
    float: _float,
    complex: _complex,
    dict: _dict,
    list: _list,
    tuple: _list,
    set: _set,
    frozenset: _frozenset,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _memoryview,
}
"""How built-in types and their subclasses are said."""

_FORMS: dict[type, Form] = {**_BASES, type(None): _same, bool: _same, str: _same}
"""How the exact built-in types are said."""

_LIBRARY_FORMS: tuple[tuple[str, str, Form], ...] = (
    ("enum", "Enum", _enum),
    ("pydantic", "BaseModel", _pydantic),
    ("numpy", "generic", _numpy_scalar),
    ("numpy", "ndarray", _numpy_array),
    ("datetime", "datetime", _datetime),  # before date, which it extends
    ("datetime", "date", _date),
    ("datetime", "time", _time),
    ("datetime", "timedelta", _timedelta),
    ("decimal", "Decimal", _decimal),
    ("uuid", "UUID", _uuid),
    ("array", "array", _array),
)
"""Types of modules that may not be loaded, most telling first."""
