"""Memory of an announced length that is filled as its bytes arrive."""

from __future__ import annotations

from .frame_reader import capacity

__all__ = ["Filling"]


class Filling:
    """Takes one buffer of a frame.

    The announcement may be a lie: of a large length only an eighth is allocated until that much has arrived,
    and so on.

    Args:
        length: In bytes.

    Attributes:
        missing: How many bytes have not arrived.
        memory: As long as was announced once none is missing.
    """

    __slots__ = ("_length", "memory", "missing")

    def __init__(self, length: int) -> None:
        self.memory = bytearray()
        self.missing = length
        self._length = length

    def take(self, data: memoryview) -> int:
        """Take what is missing from the beginning of `data`, and say how much that was."""
        count = min(self.missing, len(data))
        if count == self._length:
            self.memory = bytearray(data[:count])
        elif count:
            self.room(count)[:count] = data[:count]
        self.missing -= count
        return count

    def room(self, least: int = 1) -> memoryview:
        """Where the next bytes go, at least so many; whoever writes there counts them off `missing`."""
        filled = self._length - self.missing
        if filled + least > len(self.memory):
            larger = bytearray(capacity(self._length, filled + least))
            larger[:filled] = memoryview(self.memory)[:filled]
            self.memory = larger
        return memoryview(self.memory)[filled:]
