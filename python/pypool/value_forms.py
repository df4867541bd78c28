"""How built-in types are said on the wire, and types that users register (SPEC.md section 5)."""

from __future__ import annotations

from math import isfinite

from .element_types import DTYPE_SIZES, dtype_of_format
from .plain import MAX_SAFE_INTEGER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .frame import Buffer
    from .value_encoder import Walk

    Form = Callable[[Walk, Any], Any]  # gives what stands for the value in JSON

__all__ = ["BASE_FORMS", "EXACT_FORMS", "memoryview_form", "registered_form"]

MAX_INT_DIGITS = 4300
"""The most digits that CPython converts from and to text unasked."""

_TOO_LARGE = 10**MAX_INT_DIGITS


def _same(_walk: Walk, value: Any) -> Any:
    return value


def _str(_walk: Walk, value: str) -> str:
    return str.__str__(value)


def _int(walk: Walk, value: int) -> Any:
    value = int.__int__(value)
    if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return value if walk.integers != "bigint" else walk.tag("int", str(value))
    if walk.integers == "error":
        return walk.refuse(value, "is an integer beyond 2^53 - 1, and integers are set to 'error'")
    if not -_TOO_LARGE < value < _TOO_LARGE:
        return walk.refuse(value, f"is an integer of more than {MAX_INT_DIGITS} digits")
    return walk.tag("int", str(value))


def _float(walk: Walk, value: float) -> Any:
    value = float.__float__(value)
    return value if isfinite(value) else walk.tag("float", repr(value))


def _list(walk: Walk, value: Any) -> Any:
    return walk.encode_items(value)


def _dict(walk: Walk, value: dict[Any, Any]) -> Any:
    if all(isinstance(key, str) for key in value) and "__proto__" not in value:
        return walk.encode_fields(value, [(str.__str__(key), item) for key, item in value.items()])
    return walk.encode_pairs(value)


def _set(walk: Walk, value: set[Any]) -> Any:
    return walk.encode_items(value, "set")


def _frozenset(walk: Walk, value: frozenset[Any]) -> Any:
    return walk.encode_items(value, "frozenset")


def _bytes(walk: Walk, value: Any) -> Any:
    return walk.tag("bytes", walk.attach(value))


def memoryview_form(walk: Walk, value: memoryview) -> Any:
    """Bytes, a typed array or an ndarray, as format and shape ask for. Copied only where it has gaps."""
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


def _complex(walk: Walk, value: complex) -> Any:
    return walk.tag("complex", complex.__repr__(value).strip("()"))


def registered_form(name: str, encode: Callable[[Any], Any]) -> Form:
    """How a type that a user registered is said: by its name, and what `encode` makes of the value."""

    def form(walk: Walk, value: Any) -> Any:
        refusal = walk.enter(value)
        if refusal:
            return walk.refuse(value, refusal)
        try:
            return walk.tag("type", name, walk.encode(encode(value)))
        finally:
            walk.leave(value)

    return form


BASE_FORMS: dict[type, Form] = {
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
    memoryview: memoryview_form,
}
"""How built-in types and their subclasses are said."""

EXACT_FORMS: dict[type, Form] = {**BASE_FORMS, type(None): _same, bool: _same, str: _same}
"""How the exact built-in types are said."""
