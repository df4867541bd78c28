"""What a function wants and gives, as data: to show it to people, or to check arguments before a call.

Imported only where Node asks for it: `inspect` and `typing` cost more to import than the rest of this
package.
"""

from __future__ import annotations

import functools
import inspect
import json
import sys
import typing
from types import SimpleNamespace

from .hint_schemas import SchemaWriter
from .plain import is_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .expose import Exposed

__all__ = ["signature_entry"]

_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "positional",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "either",
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_POSITIONAL: "rest",
    inspect.Parameter.VAR_KEYWORD: "keywords",
}
_MAX_DOC = 10_000  # characters; READY is one frame for all functions
_MAX_TEXT = 1_000
_MAX_ITEMS = 100  # of a default, in all
_MAX_PARTIALS = 100  # one in another


def signature_entry(exposed: Exposed) -> dict[str, Any]:
    """The `signature` of one function, for READY: plain JSON.

    Never raises: what cannot be told is left out.
    """
    try:
        entry = _entry(exposed.function, exposed.stream)
        if is_plain(entry):  # else Node would be given what JSON has no form for, or nothing at all
            return entry
    except BaseException:  # hints are code: one may call sys.exit()
        pass
    return {"doc": None, "parameters": None, "returns": None}


def _entry(function: Any, stream: bool) -> dict[str, Any]:
    try:
        doc = inspect.getdoc(function)
    except Exception:
        doc = None
    try:
        # What only a type checker imports has no value, and from 3.14 on asking for one raises.
        told = inspect.signature(function, **_AS_TEXT)
    except Exception:  # one in C that does not tell, or one whose own code for that fails
        return {"doc": _cut(doc, _MAX_DOC), "parameters": None, "returns": None}
    names = _globals_of(function)
    schemas = SchemaWriter()
    return {
        "doc": _cut(doc, _MAX_DOC),
        "parameters": [_parameter(parameter, names, schemas) for parameter in told.parameters.values()],
        "returns": _returns(told.return_annotation, names, schemas, stream),
    }


_AS_TEXT: dict[str, Any] = {}
if sys.version_info >= (3, 14):
    import annotationlib

    _AS_TEXT["annotation_format"] = annotationlib.Format.STRING


def _parameter(
    parameter: inspect.Parameter, names: Mapping[str, Any], schemas: SchemaWriter
) -> dict[str, Any]:
    hint, text = _resolve(parameter.annotation, names)
    kind = _KINDS[parameter.kind]
    has_default = parameter.default is not inspect.Parameter.empty
    entry = {
        "name": parameter.name,
        "kind": kind,
        "required": not has_default and kind not in ("rest", "keywords"),
        "hint": text,
        "schema": schemas.schema_of(hint),
    }
    if has_default:
        _add_default(entry, parameter.default)
    return entry


def _add_default(entry: dict[str, Any], value: Any) -> None:
    """Only what JSON holds as it is, and so does JavaScript: a subclass or a large integer is neither."""
    try:
        if not _is_small(value) or not is_plain(value):
            return
        text = json.dumps(value, allow_nan=False)
        if len(text) <= _MAX_TEXT and json.loads(text) == value:
            entry["default"] = json.loads(text)
    except (ValueError, RuntimeError):  # not finite, or changed by another thread meanwhile
        pass


def _is_small(value: Any) -> bool:
    """Whether it is worth writing down: a table with a default's name may hold a million entries."""
    left = _MAX_ITEMS
    waiting = [value]
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind is str and len(item) > _MAX_TEXT:
            return False
        if kind in (list, tuple, dict):
            left -= len(item)
            if left < 0:  # or it holds itself
                return False
            waiting += item
            if kind is dict:
                waiting += item.values()
    return True


def _returns(
    annotation: Any, names: Mapping[str, Any], schemas: SchemaWriter, stream: bool
) -> dict[str, Any] | None:
    hint, text = _resolve(annotation, names)
    if text is None:
        return None
    if stream:  # Iterator[T], Generator[T, None, None] and their like: each item is a T
        items = typing.get_args(hint)
        hint = items[0] if items else typing.Any
        text = _text_of(hint) if items else text
    return {"hint": text, "schema": schemas.schema_of(hint)}


def _resolve(annotation: Any, names: Mapping[str, Any]) -> tuple[Any, str | None]:
    """A hint as a type (``Any`` where that cannot be had), and as it is written (``None``: there is none)."""
    if annotation is inspect.Parameter.empty:
        return typing.Any, None
    if annotation is None:
        return None, "None"
    holder = SimpleNamespace(__annotations__={"hint": annotation})
    try:
        hint = typing.get_type_hints(holder, dict(names), include_extras=True)["hint"]
    except Exception:  # a name that only the type checker knows, or syntax of a later Python
        hint = typing.Any
    return hint, _text_of(annotation)


def _text_of(annotation: Any) -> str:
    try:
        text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    except Exception:
        text = "?"
    return _cut(text, _MAX_TEXT) or "?"


def _globals_of(function: Any) -> Mapping[str, Any]:
    """The names that its annotations are written with."""
    try:
        for _ in range(_MAX_PARTIALS):
            if not isinstance(function, functools.partial):
                break
            function = function.func
        names = getattr(inspect.unwrap(function), "__globals__", None)
    except Exception:  # wrappers without end, or a property that fails
        return {}
    return names if isinstance(names, dict) else {}


def _cut(text: str | None, limit: int) -> str | None:
    return text if text is None or len(text) <= limit else text[: limit - 1] + "…"
