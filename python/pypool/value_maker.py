"""What the makers of values look things up in, and how they say that a value cannot exist."""

from __future__ import annotations

from .errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .frame import Buffer
    from .value_types import TypeRegistry

    Step = str | int

__all__ = ["Impossible", "Maker"]


class Impossible(Exception):
    """A well-formed value that cannot exist here. `steps` lead on from the tagged value."""

    def __init__(self, reason: str, *steps: Step) -> None:
        self.reason = reason
        self.steps = steps


class Maker:
    """What the makers of values look things up in."""

    __slots__ = ("_buffers", "_types")

    def __init__(self, buffers: Sequence[Buffer], types: TypeRegistry) -> None:
        self._buffers = buffers
        self._types = types

    def buffer(self, index: int) -> Buffer:
        """A buffer of the frame.

        Raises:
            ProtocolError: The frame has no such buffer.
        """
        if index is True or index is False or not 0 <= index < len(self._buffers):
            raise ProtocolError(f"a tagged value names buffer {index} of {len(self._buffers)}")
        return self._buffers[index]

    def registered(self, name: str, value: Any) -> Any:
        """A value of a registered type, of what the other side said of it.

        Raises:
            Impossible: The type is not registered here, or its decoder raised.
        """
        entry = self._types.by_name.get(name)
        if entry is None:
            raise Impossible(f"is of type {name!r}, which is not registered here: see pypool.register_type")
        try:
            return entry.decode(value)
        except BaseException as error:
            from .failures import text_of

            raise Impossible(f"is no {name!r}: {text_of(error)}") from error
