"""One segment of shared memory, and what it takes to make one (SPEC.md section 15). Loaded at the first."""

from __future__ import annotations

import mmap
import os
from ctypes import c_ubyte

TYPE_CHECKING = False
if TYPE_CHECKING:
    from weakref import ref

__all__ = ["Segment"]

_TOKEN_BYTES = 16
_FLAGS = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)  # Python 3.10 and up; before, at first use
_CGROUP = "/sys/fs/cgroup/memory"


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


def _available_bytes() -> int:
    """Memory that may be taken, by the machine and by the control group where that says."""
    available = 2**62
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    available = int(line.split()[1]) * 1024
        with (
            open(f"{_CGROUP}.max", encoding="ascii") as limit,
            open(f"{_CGROUP}.current", encoding="ascii") as current,
        ):
            available = min(available, int(limit.read()) - int(current.read()))
    except (OSError, ValueError):
        pass  # no control group of version 2, or one without a limit ("max")
    return max(0, available)
