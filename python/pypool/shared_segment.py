"""One segment of shared memory, and what it takes to make one (SPEC.md section 15). Loaded at the first."""

from __future__ import annotations

import mmap
import os
from ctypes import c_ubyte

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from weakref import ref

__all__ = ["Segment"]

_TOKEN_BYTES = 16
_FLAGS = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)  # Python 3.10 and up; before, at first use
_UNLIMITED = 2**62
# Of control groups, where they are, and the names of their limit, of what is used, and of the cache in that.
_VERSION_1 = ("/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file ")
_VERSION_2 = ("", "memory.max", "memory.current", "inactive_file ")


class Segment:
    """Memory of a file that has no name: nothing is left of it, however its two processes end.

    Args:
        size: In bytes. All of it is there from the beginning: memory that is short is told here, and not by
            ``SIGBUS`` to whoever touches it first.

    Raises:
        OSError: The system refuses.
        MemoryError: It would take more than half of what is available.

    Attributes:
        memory: The mapping.
        fd: Open until Node has opened the segment, too.
        token: What it begins with.
        taken: Something lies in it.
        exporter: The type of what views of it are taken from.
        lent: Tells when the last view of what lies in it is gone.
        forked: A child that user code forked may look at it: it is never written again.
    """

    __slots__ = ("exporter", "fd", "forked", "lent", "memory", "taken", "token")

    def __init__(self, size: int) -> None:
        available = _available_bytes()
        if size > available // 2:
            raise MemoryError(f"{size} bytes are more than half of the {available} that are available")
        self.taken = False
        self.forked = False
        self.lent: ref[object] | None = None
        self.fd = os.memfd_create("pypool", os.MFD_CLOEXEC)
        try:
            os.posix_fallocate(self.fd, 0, size)
            self.memory = mmap.mmap(self.fd, size, flags=_FLAGS)
        except BaseException:
            self.close()
            raise
        self.exporter = c_ubyte * size
        self.token = os.urandom(_TOKEN_BYTES)
        self.memory[:_TOKEN_BYTES] = self.token

    def close(self) -> None:
        """Close the descriptor. The mapping goes with its last view."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)


def _available_bytes(root: str = "/") -> int:
    """Memory that may be taken, by the machine and by every control group that this process is in."""
    available = _UNLIMITED
    for line in _lines(f"{root}proc/meminfo"):
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1024
    for line in _lines(f"{root}proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        kind = _VERSION_1 if controllers else _VERSION_2
        # In a container the path may be the machine's, of which only the last folder is to be seen: its root.
        while True:
            available = min(available, _left_in(f"{root}sys/fs/cgroup{kind[0]}{path}", *kind[1:]))
            if path in ("", "/"):
                break
            path = os.path.dirname(path)
    return max(0, available)


def _left_in(group: str, limit: str, used: str, cached: str) -> int:
    """What a control group may still take, with the files it has read and can forget."""
    try:
        left = int(_lines(f"{group}/{limit}")[0]) - int(_lines(f"{group}/{used}")[0])
    except (IndexError, ValueError):
        return _UNLIMITED  # no such group, or one without a limit ("max")
    return left + sum(
        int(line.split()[1]) for line in _lines(f"{group}/memory.stat") if line.startswith(cached)
    )


def _lines(path: str) -> Sequence[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except OSError:
        return ()
