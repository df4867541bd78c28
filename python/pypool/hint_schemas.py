"""Type hints as JSON Schema (draft 2020-12), for values that come from plain JSON.

A schema never asks for more than the function is given: what has no form in JSON of its own, such as a
dataclass or a date, which a function would be given as a dict or a text, is anything. So is what is not
understood.
"""

from __future__ import annotations

import collections.abc
import typing

from .plain import is_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["SchemaWriter"]

_MAX_DEPTH = 8  # of a hint that mentions itself there is no end
_MAX_SCHEMAS = 200  # and one that mentions others several times at each depth has a late one
_PLAIN: dict[Any, dict[str, Any]] = {
    None: {"type": "null"},
    type(None): {"type": "null"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    list: {"type": "array"},
    tuple: {"type": "array"},
    dict: {"type": "object"},
}
_BYTES = (bytes, bytearray, memoryview)
_ARRAYS = (list, collections.abc.Sequence, collections.abc.MutableSequence)
_MAYBE_ARRAYS = (collections.abc.Iterable, collections.abc.Collection)
_OBJECTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


class SchemaWriter:
    """Writes the schemas of one function, in all so many that no hint makes a start long."""

    __slots__ = ("_depth", "_left", "_within")

    def __init__(self) -> None:
        self._left = _MAX_SCHEMAS
        self._depth = 0
        self._within: list[Any] = []  # the TypedDicts on the way down to where it is

    def schema_of(self, hint: Any) -> dict[str, Any]:
        """The schema of the values that a hint allows; ``{}`` allows any.

        Bytes, which JSON cannot hold, are ``{"contentMediaType": "application/octet-stream"}``.

        Args:
            hint: A type as `typing.get_type_hints` gives it.
        """
        if self._depth > _MAX_DEPTH or self._left == 0:
            return {}
        self._left -= 1
        self._depth += 1
        try:
            return self._schema(hint)
        except Exception:  # a class whose metaclass answers as nobody would expect
            return {}
        finally:
            self._depth -= 1

    def _schema(self, hint: Any) -> dict[str, Any]:
        origin = typing.get_origin(hint)
        if origin is not None:
            return self._of_generic(origin, typing.get_args(hint))
        if hint is None or isinstance(hint, type):
            if hint in _BYTES:
                return {"contentMediaType": "application/octet-stream"}
            if hint in _PLAIN:
                return dict(_PLAIN[hint])
            if hint in _ARRAYS:
                return {"type": "array"}
            if hint in _OBJECTS:
                return {"type": "object"}
            if hint is not None and issubclass(hint, dict) and hasattr(hint, "__required_keys__"):
                return self._of_typed_dict(hint)
            return {}
        supertype = getattr(hint, "__supertype__", None)  # of a NewType
        return {} if supertype is None else self.schema_of(supertype)

    def _of_generic(self, origin: Any, args: tuple[Any, ...]) -> dict[str, Any]:
        if origin is typing.Union or getattr(origin, "__name__", "") in ("UnionType", "Union"):
            return _any_of([self.schema_of(arg) for arg in args])
        if origin is typing.Literal:
            plain = all(arg is None or type(arg) in (bool, int, str) for arg in args)
            return {"enum": list(args)} if plain and is_plain(args) else {}
        if origin is typing.Annotated or hasattr(origin, "__metadata__"):
            return self.schema_of(args[0])
        if origin is tuple:
            return self._of_tuple(args)
        if origin in _ARRAYS:
            return self._with("items", {"type": "array"}, args[:1])
        if origin in _MAYBE_ARRAYS:  # a text is an iterable, too
            return {}
        if origin in _OBJECTS:
            return self._with("additionalProperties", {"type": "object"}, args[1:2])
        return {}

    def _with(self, key: str, schema: dict[str, Any], args: tuple[Any, ...]) -> dict[str, Any]:
        inner = self.schema_of(args[0]) if args else {}
        return {**schema, key: inner} if inner else schema

    def _of_tuple(self, args: tuple[Any, ...]) -> dict[str, Any]:
        if len(args) == 2 and args[1] is Ellipsis:
            return self._with("items", {"type": "array"}, args[:1])
        if args in ((), ((),)):
            return {"type": "array", "maxItems": 0}
        items = [self.schema_of(arg) for arg in args]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}

    def _of_typed_dict(self, hint: Any) -> dict[str, Any]:
        if hint in self._within:  # a tree, whose nodes all are alike
            return {"type": "object"}
        self._within.append(hint)
        try:
            properties = {name: self.schema_of(inner) for name, inner in typing.get_type_hints(hint).items()}
        finally:
            self._within.pop()
        schema = {"type": "object", "properties": properties, "required": sorted(hint.__required_keys__)}
        return schema if is_plain(schema) else {"type": "object"}  # `__proto__` may be a name


def _any_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    return {} if {} in schemas else {"anyOf": schemas}
