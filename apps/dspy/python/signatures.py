"""Signatures as data: names, types and descriptions become a ``dspy.Signature``. Nothing is evaluated."""

from __future__ import annotations

from keyword import iskeyword
from typing import Any, Literal

import dspy
from pypool import Fail

TYPES: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "list[str]": list[str],
    "list[int]": list[int],
    "list[float]": list[float],
    "dict": dict[str, Any],
}
"""What a field may be, by its name in a definition. The other form is ``{"choices": ["a", "b"]}``."""


def wrong(path: str, why: str) -> Fail:
    """The failure of a definition that is not one, which names the place."""
    return Fail("invalid-definition", f"{path}: {why}", data={"path": path})


def known_keys(data: Any, path: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """``data``, which has to be an object with no other keys than these.

    Raises:
        Fail: ``invalid-definition``.
    """
    if not isinstance(data, dict):
        raise wrong(path, f"expected an object, got {type(data).__name__}")
    for key in data:
        if key not in keys:
            raise wrong(f"{path}.{key}", f"there is no such key; there are {', '.join(keys)}")
    return data


def read_signature(data: Any, path: str) -> Any:
    """Make a signature of its data.

    Args:
        data: ``"question, notes: list[str] -> answer"``, or ``{instructions, inputs, outputs}`` whose fields
            are names or ``{name, type, description}``.
        path: Where in the definition it stands, for messages.

    Raises:
        Fail: ``invalid-definition``.
    """
    if isinstance(data, str):
        data = _split(data, path)
    known_keys(data, path, ("instructions", "inputs", "outputs"))
    fields: dict[str, Any] = {}
    for side, make in (("inputs", dspy.InputField), ("outputs", dspy.OutputField)):
        listed = data.get(side)
        if not isinstance(listed, list) or not listed:
            raise wrong(f"{path}.{side}", "expected a list with at least one field")
        for index, field in enumerate(listed):
            at = f"{path}.{side}[{index}]"
            name, kind, description = _read_field(field, at)
            if name in fields:
                raise wrong(at, f"{name!r} is there twice")
            fields[name] = (kind, make(desc=description) if description else make())
    instructions = data.get("instructions")
    if instructions is not None and not isinstance(instructions, str):
        raise wrong(f"{path}.instructions", f"expected text, got {type(instructions).__name__}")
    return dspy.Signature(fields, instructions or None)


def _split(text: str, path: str) -> dict[str, Any]:
    sides = text.split("->")
    if len(sides) != 2:
        raise wrong(path, f'expected "inputs -> outputs", got {text!r}')
    inputs, outputs = ([_split_field(part) for part in side.split(",")] for side in sides)
    return {"inputs": inputs, "outputs": outputs}


def _split_field(text: str) -> dict[str, str]:
    name, colon, kind = (part.strip() for part in text.partition(":"))
    return {"name": name, "type": kind} if colon else {"name": name}


def _read_field(field: Any, path: str) -> tuple[str, Any, str | None]:
    if isinstance(field, str):
        field = {"name": field}
    known_keys(field, path, ("name", "type", "description"))
    name, description = field.get("name"), field.get("description")
    if not isinstance(name, str) or not name.isidentifier() or iskeyword(name) or name.startswith("_"):
        raise wrong(f"{path}.name", f"expected a name as of a variable, got {name!r}")
    if hasattr(dspy.Signature, name):
        raise wrong(f"{path}.name", f"{name!r} is a name that DSPy's signatures have themselves")
    if description is not None and not isinstance(description, str):
        raise wrong(f"{path}.description", f"expected text, got {type(description).__name__}")
    return name, _read_type(field.get("type", "str"), f"{path}.type"), description


def _read_type(kind: Any, path: str) -> Any:
    if isinstance(kind, str) and kind in TYPES:
        return TYPES[kind]
    if isinstance(kind, dict) and set(kind) == {"choices"}:
        choices = kind["choices"]
        if isinstance(choices, list) and choices and all(isinstance(choice, str) for choice in choices):
            return Literal[tuple(choices)]
    raise wrong(path, f'expected one of {", ".join(TYPES)}, or {{"choices": [...]}}, got {kind!r}')
