"""What makes the values of libraries (SPEC.md section 5). They are imported for the first such value."""

from __future__ import annotations

from .element_types import DTYPE_SIZES
from .errors import ProtocolError
from .plain import MAX_SAFE_INTEGER
from .value_maker import Impossible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .value_maker import Maker

__all__ = ["arrow_table", "ndarray"]

_MAX_DIMENSIONS = 32  # of numpy 1; numpy 2 has 64


def ndarray(maker: Maker, _tag: str, index: int, dtype: str, shape: list[Any]) -> Any:
    """An array of numpy, on the memory that was received."""
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
    numpy = _library("numpy", "an ndarray", "install it, or send a typed array")
    try:
        return numpy.frombuffer(data, dtype=f"<{dtype}").reshape(shape)
    except ValueError as error:
        raise Impossible(f"is no ndarray: {error}") from error


def arrow_table(maker: Maker, _tag: str, index: int) -> Any:
    """A table of pyarrow, whose columns are views of the memory that was received."""
    data = maker.buffer(index)
    pyarrow = _library("pyarrow", "an Arrow table", "install the package pyarrow")
    ipc = _library("pyarrow.ipc", "an Arrow table", "install the package pyarrow")
    try:
        with ipc.open_stream(pyarrow.py_buffer(data)) as reader:
            return reader.read_all()
    except (pyarrow.ArrowException, OSError) as error:
        raise Impossible(f"is no Arrow table in the form of an IPC stream: {error}") from error


def _library(name: str, what: str, remedy: str) -> Any:
    """A module that may not be installed.

    Raises:
        Impossible: It cannot be imported, so there is no such value here.
    """
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise Impossible(f"is {what}, and this Python has no {name}: {remedy}") from error
    except Exception as error:  # a broken installation, or a file of the user's of that name
        raise Impossible(f"is {what}, and importing {name} failed: {error}") from error
