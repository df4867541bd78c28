"""Where inside a value something is: ``result.rows[3].owner`` (SPEC.md section 5)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Union

    Step = Union[str, int]

__all__ = ["path_of", "type_name_of"]


def path_of(root: str, steps: Iterable[Step]) -> str:
    """Write a path.

    Args:
        root: What the value itself is called.
        steps: From the outside in: a ``str`` is a key of an object, an ``int`` the place in a list.
    """
    path = root
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isascii() and step.isidentifier():
            path += f".{step}"
        else:
            import json

            path += f"[{json.dumps(step)}]"
    return path


def type_name_of(cls: type) -> str:
    """``module.QualifiedName`` of a type."""
    return f"{cls.__module__}.{cls.__qualname__}"
