"""Type hints as JSON Schema (draft 2020-12), for values that come from plain JSON.

A schema never asks for more than the function is given: what has no form in JSON of its own, such as a
dataclass or a date, which a function would be given as a dict or a text, is anything. So is what is not
understood.
"""

from __future__ import annotations

import collections.abc
import typing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["schema_of"]

_MAX_DEPTH = 8  # of a hint that mentions itself there is no end
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


def schema_of(hint: Any, depth: int = 0) -> dict[str, Any]:
    """The schema of the values that a hint allows; ``{}`` allows any.

    Bytes, which JSON cannot hold, are ``{"contentMediaType": "application/octet-stream"}``.

    Args:
        hint: A type as `typing.get_type_hints` gives it.
        depth: How deep in another hint it is.
    """
    if depth > _MAX_DEPTH:
        return {}
    try:
        return _schema(hint, depth)
    except Exception:  # a class whose metaclass answers as nobody would expect
        return {}


def _schema(hint: Any, depth: int) -> dict[str, Any]:
    origin = typing.get_origin(hint)
    if origin is not None:
        return _of_generic(origin, typing.get_args(hint), depth)
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
            return _of_typed_dict(hint, depth)
        return {}
    supertype = getattr(hint, "__supertype__", None)  # of a NewType
    return {} if supertype is None else schema_of(supertype, depth + 1)


def _of_generic(origin: Any, args: tuple[Any, ...], depth: int) -> dict[str, Any]:
    if origin is typing.Union or getattr(origin, "__name__", "") in ("UnionType", "Union"):
        return _any_of([schema_of(arg, depth + 1) for arg in args])
    if origin is typing.Literal:
        plain = all(arg is None or type(arg) in (bool, int, str) for arg in args)
        return {"enum": list(args)} if plain else {}
    if origin is typing.Annotated or hasattr(origin, "__metadata__"):
        return schema_of(args[0], depth + 1)
    if origin is tuple:
        return _of_tuple(args, depth)
    if origin in _ARRAYS:
        return _with("items", {"type": "array"}, args[:1], depth)
    if origin in _MAYBE_ARRAYS:  # a text is an iterable, too
        return {}
    if origin in _OBJECTS:
        return _with("additionalProperties", {"type": "object"}, args[1:2], depth)
    return {}


def _with(key: str, schema: dict[str, Any], args: tuple[Any, ...], depth: int) -> dict[str, Any]:
    inner = schema_of(args[0], depth + 1) if args else {}
    return {**schema, key: inner} if inner else schema


def _of_tuple(args: tuple[Any, ...], depth: int) -> dict[str, Any]:
    if len(args) == 2 and args[1] is Ellipsis:
        return _with("items", {"type": "array"}, args[:1], depth)
    if args in ((), ((),)):
        return {"type": "array", "maxItems": 0}
    items = [schema_of(arg, depth + 1) for arg in args]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _any_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    return {} if {} in schemas else {"anyOf": schemas}


def _of_typed_dict(hint: Any, depth: int) -> dict[str, Any]:
    hints = typing.get_type_hints(hint)
    properties = {name: schema_of(inner, depth + 1) for name, inner in hints.items()}
    return {"type": "object", "properties": properties, "required": sorted(hint.__required_keys__)}
