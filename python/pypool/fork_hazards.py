"""What makes it unsafe to fork a process: whatever a child would have half of, or share with its siblings.

A thread of the parent is not in the child, and what it held is: a lock for ever, a queue that nobody reads.
So the operating system is asked how many there are; Python knows only of its own.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

__all__ = ["Baseline", "find_thread_hazards"]

_SETTLE_SECONDS = 0.25
"""How long a thread that has ended may take to be gone from ``/proc``."""

_STEP_SECONDS = 0.005
_TASKS = "/proc/self/task"
_FILES = "/proc/self/fd"
_SQLITE = b"SQLite format 3\0"
_MAX_TOLD = 8
_RTLD_NOLOAD = 4
_CUDA_ERROR_NOT_INITIALIZED = 3


def find_thread_hazards(tolerated: Collection[str]) -> list[dict[str, Any]]:
    """The threads beside this one.

    Args:
        tolerated: Hazards not to look for.

    Returns:
        One entry for each kind: ``hazard``, its name, and ``found``, what there is of it.
    """
    until = time.monotonic() + _SETTLE_SECONDS
    while True:
        tasks = os.listdir(_TASKS)
        of_python = len(sys._current_frames())
        hazards = []
        if of_python > 1 and "python-threads" not in tolerated:
            hazards.append(_hazard("python-threads", _names_of_threads(of_python - 1)))
        if len(tasks) > of_python and "native-threads" not in tolerated:
            hazards.append(_hazard("native-threads", _names_of_tasks(tasks, len(tasks) - of_python)))
        if not hazards or time.monotonic() > until:
            return hazards
        time.sleep(_STEP_SECONDS)


class Baseline:
    """What this process had open before it ran user code, and finds what it has beyond that.

    Sockets are known by their inode: a second descriptor of one of ours is ours, too.
    """

    def __init__(self) -> None:
        self._own = frozenset(_open_files().values())

    def find_hazards(self, tolerated: Collection[str]) -> list[dict[str, Any]]:
        """All that stands against forking now, threads included.

        Args:
            tolerated: Hazards not to look for.
        """
        hazards = find_thread_hazards(tolerated)
        sockets, loops, files = [], [], []
        mapped = _mapped_files()
        for descriptor, target in sorted(_open_files().items()):
            if target in self._own:
                continue
            if target.startswith("socket:"):
                sockets.append(_name_of_socket(descriptor))
            elif target in ("anon_inode:[eventpoll]", "anon_inode:[io_uring]"):
                loops.append(f"descriptor {descriptor}, {target[12:-1]}")
            elif _is_to_be_read(descriptor, target in mapped):
                files.append(target)
        cuda = _cuda_user()
        for name, found in (
            ("event-loop", loops),
            ("socket", sockets),
            ("file", files),
            ("cuda", cuda),
        ):
            if found and name not in tolerated:
                hazards.append(_hazard(name, found))
        return hazards


def _hazard(name: str, found: list[str]) -> dict[str, Any]:
    more = len(found) - _MAX_TOLD
    return {"hazard": name, "found": found[:_MAX_TOLD] + ([f"{more} more"] if more > 0 else [])}


def _names_of_threads(number: int) -> list[str]:
    names = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    return names + ["a thread that threading does not know"] * (number - len(names))


def _names_of_tasks(tasks: list[str], number: int) -> list[str]:
    """What the kernel calls the other threads: as a rule after the program, or after what they are for.

    Which of them are Python's is not told before 3.14, and most come after Python's own.
    """
    main = str(os.getpid())
    names = []
    for task in sorted(tasks, key=int, reverse=True):
        if task != main:
            try:
                with open(f"{_TASKS}/{task}/comm", errors="replace") as file:
                    names.append(file.read().strip())
            except OSError:
                pass  # it has just ended
    return names[:number]


def _open_files() -> dict[int, str]:
    files = {}
    for entry in os.listdir(_FILES):
        try:
            files[int(entry)] = os.readlink(f"{_FILES}/{entry}")
        except OSError:
            pass  # of the folder itself, closed by now
    return files


def _mapped_files() -> frozenset[str]:
    with open("/proc/self/maps", errors="surrogateescape") as maps:
        return frozenset(line.rstrip("\n").split(None, 5)[5] for line in maps if "/" in line)


def _is_to_be_read(descriptor: int, is_mapped: bool) -> bool:
    """Whether this is a file in which siblings would move each other about, or a database with locks.

    Not one that is only written to: a log. Nor one that is only mapped: memory is not read by position.
    """
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        with open(f"/proc/self/fdinfo/{descriptor}") as info:
            facts = dict(line.split(None, 1) for line in info)
        if int(facts["flags:"], 8) & os.O_ACCMODE == os.O_WRONLY:
            return False
        return not is_mapped or int(facts["pos:"]) > 0 or os.pread(descriptor, len(_SQLITE), 0) == _SQLITE
    except OSError:
        return False  # closed by now


def _name_of_socket(descriptor: int) -> str:
    from _socket import socket

    try:
        sock = socket(fileno=os.dup(descriptor))
    except OSError:
        return f"descriptor {descriptor}"
    try:
        try:
            return f"descriptor {descriptor}, connected to {sock.getpeername()!r}"
        except OSError:
            return f"descriptor {descriptor}, of {sock.getsockname()!r}"
    except OSError:
        return f"descriptor {descriptor}"
    finally:
        sock.close()


def _cuda_user() -> list[str]:
    """Who has initialised CUDA, which no child of this process could use then."""
    torch: Any = sys.modules.get("torch")
    try:
        if torch is not None and torch.cuda.is_initialized():
            return ["torch"]
    except Exception:
        pass  # a build without it, or half an import: the driver itself knows
    return ["the driver, libcuda.so.1"] if _driver_is_initialised() else []


def _driver_is_initialised() -> bool:
    """Ask the driver, if this process has loaded it, without initialising it."""
    try:
        import _ctypes

        driver = _ctypes.dlopen("libcuda.so.1", _RTLD_NOLOAD | os.RTLD_NOW)
        count_devices = _ctypes.dlsym(driver, "cuDeviceGetCount")
    except (ImportError, AttributeError, OSError):
        return False  # not loaded
    # A C `int`, of which the driver writes 4 bytes.
    place = memoryview(bytearray(8))
    import ctypes  # only where CUDA is: it takes a while to import

    address = ctypes.addressof(ctypes.c_char.from_buffer(place))
    result: int = _ctypes.call_function(count_devices, (ctypes.c_void_p(address),))
    return result != _CUDA_ERROR_NOT_INITIALIZED
