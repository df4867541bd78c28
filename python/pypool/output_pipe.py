"""One pipe that lines leave by, and the marks in it (SPEC.md section 12)."""

from __future__ import annotations

import os
from _thread import RLock
from json.encoder import encode_basestring_ascii as quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .context import Call

__all__ = ["OutputPipe"]

MAX_MARK_BYTES = 16 * 1024
"""A session or a function whose name would make a mark longer is left out of it."""

_ASIDE_BYTES = 2048
"""With the marks around it below PIPE_BUF: the 4096 bytes that are written at once or not at all, pipe(7)."""


class OutputPipe:
    """A descriptor that several threads write to, and perhaps children that user code forks.

    A mark never reaches a file that user code has put in the pipe's place.

    Args:
        descriptor: 1 or 2.

    Attributes:
        descriptor: As given.
        lock: To be held while one writes. Reentrant: a signal's handler or a finalizer may print.
        marked: The call that the last mark named.
        shared: This process is a child that user code forked: what it writes may land anywhere in what its
            parent does.
        token: What Node knows the marks by; while it is empty, none is written.
    """

    __slots__ = ("_place", "descriptor", "lock", "marked", "shared", "token")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.lock = RLock()
        self.marked: Call | None = None
        self.shared = False
        self.token = b""
        self.find_place()

    def find_place(self) -> None:
        """What the descriptor leads to now is what is marked."""
        self._place = self._look()

    def mark(self, call: Call | None) -> bool:
        """Say who printed what follows.

        Returns:
            Whether it may follow: a descriptor that does not block takes nothing now, perhaps.
        """
        if self._is_marked:
            try:
                os.write(self.descriptor, self._mark(_named(call)))
            except BlockingIOError:
                return False
            self.marked = call
        return True

    def end(self, call_id: int) -> None:
        """What follows is of no call, if it was of this one."""
        with self.lock:
            if self.marked is not None and self.marked.id == call_id and not self.shared:
                try:
                    self.mark(None)
                except OSError:
                    pass  # nobody reads it any more

    def write_aside(self, data: Any) -> int | None:
        """Write for a child: its part of a line, in marks that leave standing what its parent has said.

        Returns:
            How many bytes; ``None`` where it would block.
        """
        data = bytes(data[:_ASIDE_BYTES])
        aside = self._mark(b"(") + data + self._mark(b")") if self._is_marked else data
        try:
            written = os.write(self.descriptor, aside)
        except BlockingIOError:
            return None
        return len(data) if aside is not data else written

    @property
    def _is_marked(self) -> bool:
        return self.token != b"" and self._look() == self._place

    def _mark(self, body: bytes) -> bytes:
        return b"\x1b_pypool;%b;%b\x1b\\" % (self.token, body)

    def _look(self) -> tuple[int, int] | None:
        try:
            found = os.fstat(self.descriptor)
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _named(call: Call | None) -> bytes:
    if call is None:
        return b""
    session = call.session_id
    said = f"[{call.id},{quote(call.name)},{'null' if session is None else quote(session)}]"
    if len(said) > MAX_MARK_BYTES:
        said = f"[{call.id},null,null]"
    return said.encode("ascii")
