"""Values as the golden vectors describe them (packages/protocol/vectors/README.md)."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import re
import sys
import uuid

from pypool.value_types import TypeRegistry

VECTORS = pathlib.Path(__file__).parents[2] / "packages" / "protocol" / "vectors"

ARRAY_CODES = {
    "i1": "b",
    "i2": "h",
    "i4": "i",
    "i8": "q",
    "u1": "B",
    "u2": "H",
    "u4": "I",
    "u8": "Q",
    "f4": "f",
    "f8": "d",
}


class Point:
    """The registered type of the vectors."""

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __eq__(self, other):
        return isinstance(other, Point) and same(self.x, other.x) and same(self.y, other.y)

    __hash__ = None


def registry():
    """A registry that knows ``point``."""
    types = TypeRegistry()
    types.register(
        "point", Point, lambda point: {"x": point.x, "y": point.y}, lambda said: Point(said["x"], said["y"])
    )
    return types


def load(name):
    """One file of vectors."""
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def needs_numpy(described):
    """Whether a value can only be made where numpy is installed."""
    return "{'@': 'ndarray'" in repr(described)


def needs_pyarrow(described):
    """Whether a value can only be made where pyarrow is installed."""
    return "{'@': 'arrow'" in repr(described)


def make(described):
    """The value that is described."""
    if isinstance(described, list):
        return [make(item) for item in described]
    if not isinstance(described, dict):
        return described
    if "@" not in described:
        return {key: make(item) for key, item in described.items()}
    return MAKERS[described["@"]](described)


def same(left, right):
    """Whether two values are equal in type and content, NaN and minus zero included."""
    if isinstance(left, memoryview) and isinstance(right, memoryview):
        return (left.format, left.shape, left.tobytes()) == (right.format, right.shape, right.tobytes())
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return repr(left) == repr(right)
    if isinstance(left, complex):
        return repr(left) == repr(right)
    if isinstance(left, decimal.Decimal):
        return left.as_tuple() == right.as_tuple()
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return len(left) == len(right) and all(
            same(key, other) and same(left[key], right[other]) for key, other in zip(left, right)
        )
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(left, numpy.ndarray):
        return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()
    return left == right


def make_text(described):
    text = described["text"]
    kind = described["type"]
    if kind == "timedelta":
        sign, whole, rest = re.fullmatch(r"(-?)(\d+)(?:\.(\d+))?", text).groups()
        length = datetime.timedelta(seconds=int(whole), microseconds=int((rest or "").ljust(6, "0")))
        return -length if sign else length
    return {
        "datetime": datetime.datetime.fromisoformat,
        "date": datetime.date.fromisoformat,
        "time": datetime.time.fromisoformat,
        "decimal": decimal.Decimal,
        "uuid": uuid.UUID,
        "complex": complex,
    }[kind](text)


def make_array(described):
    return memoryview(bytearray.fromhex(described["hex"])).cast(ARRAY_CODES[described["dtype"]])


def make_ndarray(described):
    import numpy

    return numpy.frombuffer(bytes.fromhex(described["hex"]), dtype="<" + described["dtype"]).reshape(
        described["shape"]
    )


def make_arrow(described):
    import pyarrow

    return pyarrow.table(described["columns"])


def make_nested(described):
    value = []
    for _ in range(described["depth"] - 1):
        value = [value]
    return value


def make_nested_maps(described):
    value = []
    for _ in range(described["depth"] - 1):
        value = {1: value}
    return value


def make_cycle(_described):
    value = []
    value.append({"self": value})
    return value


def make_named_tuple(described):
    fields = [f"field{index}" for index in range(len(described["values"]))]
    return collections.namedtuple("Named", fields)(*described["values"])


def make_dataclass(described):
    cls = dataclasses.make_dataclass("Made", list(described["fields"]))
    return cls(**{name: make(value) for name, value in described["fields"].items()})


def make_subclass(described):
    value = make(described["value"])
    return type(f"My{type(value).__name__}", (type(value),), {})(value)


def make_memoryview(described):
    flat = memoryview(bytearray.fromhex(described["hex"]))
    return flat.cast(described["format"], described["shape"])


def make_generator(_described):
    return (item for item in ())


MAKERS = {
    "float": lambda d: float(d["text"]),
    "int": lambda d: int(d["text"]),
    "bytes": lambda d: bytes.fromhex(d["hex"]),
    "array": make_array,
    "ndarray": make_ndarray,
    "arrow": make_arrow,
    "text": make_text,
    "set": lambda d: {*make(d["items"])},
    "frozenset": lambda d: frozenset(make(d["items"])),
    "tuple": lambda d: tuple(make(d["items"])),
    "map": lambda d: {make(key): make(value) for key, value in d["pairs"]},
    "object": lambda d: {key: make(value) for key, value in d["fields"]},
    "registered": lambda d: Point(make(d["x"]), make(d["y"])),
    "nested": make_nested,
    "nested-maps": make_nested_maps,
    "cycle": make_cycle,
    "ten-to-4300": lambda _d: 10**4300,
    "function": lambda _d: make,
    "namedtuple": make_named_tuple,
    "dataclass": make_dataclass,
    "enum": lambda d: enum.Enum("Made", {"MEMBER": d["value"]}).MEMBER,
    "subclass": make_subclass,
    "bytearray": lambda d: bytearray.fromhex(d["hex"]),
    "array.array": lambda d: array.array(d["typecode"], d["values"]),
    "memoryview": make_memoryview,
    "stepped": lambda d: make_array(d)[:: d["step"]],
    "opaque": lambda _d: object(),
    "class": lambda _d: Point,
    "naive-datetime": lambda _d: datetime.datetime(2026, 11, 23),
    "generator": make_generator,
    "exception": lambda _d: ValueError("no"),
}
