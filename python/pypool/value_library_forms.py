"""How types of libraries are said on the wire (SPEC.md section 5). Loads none of them."""

from __future__ import annotations

import sys

from .element_types import DTYPE_SIZES
from .plain import MAX_SAFE_INTEGER
from .value_forms import memoryview_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .frame import Buffer
    from .value_encoder import Walk
    from .value_forms import Form

__all__ = ["LIBRARY_FORMS", "dataclass_form"]


def _array(walk: Walk, value: Any) -> Any:
    if value.typecode in ("u", "w"):
        return walk.refuse(value, "is an array of characters")
    return memoryview_form(walk, memoryview(value))


def _datetime(walk: Walk, value: Any) -> Any:
    if value.utcoffset() is None:
        return walk.refuse(value, "is a naive datetime: give it a time zone")
    return walk.tag("datetime", sys.modules["datetime"].datetime.isoformat(value))


def _date(walk: Walk, value: Any) -> Any:
    return walk.tag("date", value.isoformat())


def _time(walk: Walk, value: Any) -> Any:
    return walk.tag("time", value.isoformat())


def _timedelta(walk: Walk, value: Any) -> Any:
    """Seconds as an exact decimal: ``str`` of a timedelta is not read back by anything."""
    microseconds = (value.days * 86400 + value.seconds) * 1_000_000 + value.microseconds
    whole, rest = divmod(abs(microseconds), 1_000_000)
    text = f"{'-' if microseconds < 0 else ''}{whole}"
    return walk.tag("timedelta", f"{text}.{rest:06}".rstrip("0") if rest else text)


def _decimal(walk: Walk, value: Any) -> Any:
    return walk.tag("decimal", str(value))


def _uuid(walk: Walk, value: Any) -> Any:
    return walk.tag("uuid", str(value))


def _enum(walk: Walk, value: Any) -> Any:
    return walk.encode(value.value)


def _pydantic(walk: Walk, value: Any) -> Any:
    dump = getattr(value, "model_dump", None) or value.dict  # version 1 has `dict`
    refusal = walk.enter(value)
    if refusal:
        return walk.refuse(value, refusal)
    try:
        return walk.encode(dump())
    finally:
        walk.leave(value)


def dataclass_form(cls: type) -> Form:
    """How instances of a dataclass are said: as an object of its fields."""
    names = [field.name for field in sys.modules["dataclasses"].fields(cls)]

    def form(walk: Walk, value: Any) -> Any:
        missing = [name for name in names if not hasattr(value, name)]
        if missing:
            return walk.refuse(value, f"is a dataclass whose field {missing[0]!r} has no value")
        return walk.encode_fields(value, [(name, getattr(value, name)) for name in names])

    return form


def _numpy_scalar(walk: Walk, value: Any) -> Any:
    plain = value.item() if value.dtype.kind in "biufcSU" else value
    if type(plain) not in (bool, int, float, complex, bytes, str):  # long doubles, datetime64, structured
        return walk.refuse(value, f"is a numpy scalar of dtype {value.dtype}")
    return walk.encode(plain)


def _numpy_array(walk: Walk, value: Any) -> Any:
    kind = value.dtype.kind
    dtype = f"{kind}{value.dtype.itemsize}"
    if dtype not in DTYPE_SIZES:
        return walk.refuse(value, f"is a numpy array of dtype {value.dtype}")
    masked = sys.modules.get("numpy.ma")
    if masked is not None and isinstance(value, masked.MaskedArray):
        return walk.refuse(value, "is a masked array: fill it or send data and mask apart")
    numpy = sys.modules["numpy"]
    flat = numpy.ascontiguousarray(value, dtype=f"<{dtype}").reshape(-1)
    if not flat.size and max(value.shape) > MAX_SAFE_INTEGER:
        return walk.refuse(value, "is a numpy array with an axis of over 2**53 - 1 items")
    data: Buffer = memoryview(flat.view("u1")) if flat.size else b""
    return walk.tag("ndarray", walk.attach(data), dtype, list(value.shape))


def _arrow_table(walk: Walk, value: Any) -> Any:
    """The bytes of an IPC stream, written once: into memory that is as large as they are."""
    pyarrow = sys.modules["pyarrow"]
    measure = pyarrow.MockOutputStream()
    _write_arrow(pyarrow, measure, value)
    memory = pyarrow.allocate_buffer(measure.size())
    _write_arrow(pyarrow, pyarrow.FixedSizeBufferWriter(memory), value)
    return walk.tag("arrow", walk.attach(memoryview(memory).cast("B")))


def _write_arrow(pyarrow: Any, sink: Any, value: Any) -> None:
    with pyarrow.ipc.new_stream(sink, value.schema) as writer:
        writer.write(value)


LIBRARY_FORMS: tuple[tuple[str, str, Form], ...] = (
    ("enum", "Enum", _enum),
    ("pydantic", "BaseModel", _pydantic),
    ("numpy", "generic", _numpy_scalar),
    ("numpy", "ndarray", _numpy_array),
    ("pyarrow", "Table", _arrow_table),
    ("pyarrow", "RecordBatch", _arrow_table),
    ("datetime", "datetime", _datetime),  # before date, which it extends
    ("datetime", "date", _date),
    ("datetime", "time", _time),
    ("datetime", "timedelta", _timedelta),
    ("decimal", "Decimal", _decimal),
    ("uuid", "UUID", _uuid),
    ("array", "array", _array),
)
"""Types of modules that may not be loaded, most telling first."""
