"""Types of the user's own that take part in the protocol: ``["type", name, value]`` on the wire."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["RegisteredType", "TypeRegistry", "register_type"]

_PLAIN = (type(None), bool, int, float, str, list, tuple, dict)


class RegisteredType:
    """How values of one class are said."""

    __slots__ = ("cls", "decode", "encode", "name")

    def __init__(
        self, name: str, cls: type, encode: Callable[[Any], Any], decode: Callable[[Any], Any]
    ) -> None:
        self.name = name
        self.cls = cls
        self.encode = encode
        self.decode = decode


class TypeRegistry:
    """The registered types of a process. Filled while modules are imported, read afterwards."""

    def __init__(self) -> None:
        self.by_name: dict[str, RegisteredType] = {}
        self.by_class: dict[type, RegisteredType] = {}
        self.generation = 0

    def register(
        self, name: str, cls: type, encode: Callable[[Any], Any], decode: Callable[[Any], Any]
    ) -> None:
        """Let values of a class and its subclasses cross the wire under a name that Node has registered too.

        Registering a name again for the same class replaces it, so that a module may be reloaded.

        Args:
            name: The same in both languages.
            cls: The class. The built-in plain types cannot be registered.
            encode: Makes a value that can be encoded (which may hold registered types again) of an instance.
            decode: Makes an instance of such a value, already decoded.

        Raises:
            TypeError: ``cls`` is no class, or a built-in plain type.
            ValueError: The name is taken by another class.
        """
        if not isinstance(cls, type):
            raise TypeError(f"register_type({name!r}): {cls!r} is not a class")
        if cls in _PLAIN:
            raise TypeError(f"register_type({name!r}): {cls.__name__} has its own form on the wire")
        held = self.by_name.get(name)
        if held is not None:
            if (held.cls.__module__, held.cls.__qualname__) != (cls.__module__, cls.__qualname__):
                raise ValueError(f"register_type({name!r}): the name is taken by {held.cls.__qualname__}")
            self.by_class.pop(held.cls, None)
        entry = RegisteredType(name, cls, encode, decode)
        self.by_name[name] = entry
        self.by_class[cls] = entry
        self.generation += 1


TYPES = TypeRegistry()
"""The registry of this process."""

register_type = TYPES.register
