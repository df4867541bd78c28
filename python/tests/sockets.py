"""Sockets for tests: one that plays bytes in pieces, one that keeps what it is given."""

from __future__ import annotations


class Script:
    """Plays bytes, at most `size` at once, then the end.

    Attributes:
        largest: The largest piece of memory that was offered to receive into.
    """

    def __init__(self, data, size=65536):
        self._data = memoryview(data)
        self._size = size
        self.largest = 0

    def recv_into(self, buffer):
        self.largest = max(self.largest, len(buffer))
        count = min(len(buffer), len(self._data), self._size)
        buffer[:count] = self._data[:count]
        self._data = self._data[count:]
        return count


class Sink:
    """Keeps what is written; ``sendmsg`` takes at most `size` bytes at once, as a kernel does."""

    def __init__(self, size=65536):
        self.data = bytearray()
        self._size = size

    def sendall(self, data):
        self.data += data

    def sendmsg(self, buffers):
        taken = b"".join(buffers)[: self._size]
        self.data += taken
        return len(taken)
