"""Where inside a value something is: ``result.rows[3].owner`` (SPEC.md section 5)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Step = str | int

__all__ = ["entry_step", "field_step", "key_step", "path_of", "type_name_of"]


def path_of(root: str, steps: Iterable[Step]) -> str:
    """Write a path.

    Args:
        root: What the value itself is called.
        steps: From the outside in: an ``int`` is the place in a list, a ``str`` a step as made below.
    """
    return root + "".join([f"[{step}]" if isinstance(step, int) else step for step in steps])


def field_step(key: str) -> str:
    """The step to the value under a key of an object: ``.owner`` or ``["odd key"]``."""
    if key.isascii() and key.replace("$", "_").isidentifier():
        return f".{key}"
    import json

    return f"[{json.dumps(key, ensure_ascii=False)}]"


def entry_step(key: object) -> str:
    """The step to the value under a key of a map: ``[5]``, or ``[object]`` for a key without short text."""
    if isinstance(key, str):
        return field_step(key)
    if key is None or isinstance(key, bool):
        return {None: "[null]", True: "[true]", False: "[false]"}[key]
    return f"[{key}]" if type(key) in (int, float) else "[object]"


def key_step(index: int) -> str:
    """The step to a key of a map itself: ``.keys()[2]``."""
    return f".keys()[{index}]"


def type_name_of(cls: type) -> str:
    """``module.QualifiedName`` of a type."""
    return f"{cls.__module__}.{cls.__qualname__}"
