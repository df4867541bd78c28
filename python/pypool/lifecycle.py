"""How this process lives and ends: its process group, the death of its parent, forks, and the ways out."""

from __future__ import annotations

import faulthandler
import os
import sys
from signal import SIGWINCH as _STACKS_SIGNAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

__all__ = [
    "BUG_EXIT_CODE",
    "PROTOCOL_EXIT_CODE",
    "arm_parent_death_signal",
    "die_of_bug",
    "die_of_protocol",
    "finish",
    "flush",
    "kill_process_group",
    "lead_process_group",
    "leave_child",
    "print_exception",
    "stop_writing_stacks",
    "trim_memory",
    "watch_forks",
    "write_stacks_on_signal",
]

BUG_EXIT_CODE = 70
"""Exit code of a worker whose runtime failed: EX_SOFTWARE of sysexits.h."""

PROTOCOL_EXIT_CODE = 76
"""Exit code of a worker whose connection broke the protocol: EX_PROTOCOL of sysexits.h."""

_SIGKILL = 9  # POSIX; also for the one use in prctl, where the enum of the `signal` module has no place
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def lead_process_group() -> None:
    """Lead a process group, so that all that this process starts can be ended with it.

    As a rule the launcher has seen to it.
    """
    if os.getpgrp() != os.getpid():
        os.setsid()


def kill_process_group() -> NoReturn:
    """End this process and all in its group, now: Node is gone and nobody waits for anything."""
    if os.getpgrp() == os.getpid():  # never a group that is somebody else's
        os.killpg(0, _SIGKILL)
    os._exit(PROTOCOL_EXIT_CODE)


def arm_parent_death_signal(parent_pid: int) -> None:
    """Ask Linux to kill this process when its parent dies; elsewhere do nothing.

    Args:
        parent_pid: What ``getppid()`` said when this process began. A parent that died before the signal was
            armed shows as another.
    """
    if sys.platform != "linux":
        return
    if not _call_libc("prctl", _PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0):
        return  # the end of the control channel tells the same, a little later
    if os.getppid() != parent_pid:
        kill_process_group()


def trim_memory() -> None:
    """Give back what the allocator keeps for later: children would have it, too."""
    _call_libc("malloc_trim", 0)


def _call_libc(name: str, *arguments: int) -> bool:
    """Whether there is such a function, and it was called."""
    try:
        # Not `ctypes` itself: that is 4 to 12 ms of Python, against 0.6 ms for the C module below it, while a
        # worker starts.
        import _ctypes

        program = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]
        function = _ctypes.dlsym(program, name)
        _ctypes.call_function(function, arguments)
    except (ImportError, AttributeError, OSError):
        return False  # no libffi, or another libc
    return True


def watch_forks(disarm: Callable[[], None]) -> None:
    """Call `disarm` in every child that user code forks, before it does anything."""
    os.register_at_fork(after_in_child=disarm)


def write_stacks_on_signal() -> None:
    """Have the stacks of all threads written to standard error on ``SIGWINCH``.

    faulthandler does it in C and without the interpreter, for when C code holds that. The default of the
    signal is to be ignored, so a child comes to no harm by it; it is about terminals, and a worker has none.
    """
    faulthandler.register(_STACKS_SIGNAL, file=2, all_threads=True)


def stop_writing_stacks() -> None:
    """In a forked child: the signal means nothing there."""
    faulthandler.unregister(_STACKS_SIGNAL)


def die_of_protocol(message: str) -> NoReturn:
    """Say in one line why the connection is of no more use, and end."""
    try:
        os.write(2, f"pypool: protocol error: {message}\n".encode(errors="backslashreplace"))
    except OSError:
        pass  # nobody reads standard error any more; the exit code still tells
    os._exit(PROTOCOL_EXIT_CODE)


def print_exception(error: BaseException) -> None:
    """Print an exception: as the user has it printed, or as Python does where that fails.

    Raises nothing, for whoever calls this has something left to do.
    """
    for show in (sys.excepthook, sys.__excepthook__):
        try:
            show(type(error), error, error.__traceback__)
            return
        except BaseException:  # also of a hook that exits
            pass


def die_of_bug() -> NoReturn:
    """Print the exception that is being handled, which is the runtime's own, and end."""
    error = sys.exc_info()[1]
    if error is not None:
        print_exception(error)
    flush()
    os._exit(BUG_EXIT_CODE)


def finish(exit_code: int, at_last: Callable[[], None]) -> NoReturn:
    """End this process: run ``atexit``, flush what was printed, and wait for no thread.

    The interpreter's own way out would join every non-daemon thread of the user's, for ever if need be. What
    user code started as processes is ended by Node, with the group.

    Args:
        exit_code: Of this process, unless ``atexit`` fails.
        at_last: Called when no more user code runs.
    """
    import atexit

    try:
        atexit._run_exitfuncs()
    except BaseException:  # it has printed the traceback itself
        exit_code = exit_code or 1
    at_last()
    flush()
    os._exit(exit_code)


def leave_child(error: BaseException | None) -> NoReturn:
    """End a child that user code forked, where it comes back to the runtime: the calls are its parent's.

    Args:
        error: What it came back with.
    """
    exit_code = 0
    if isinstance(error, SystemExit):
        exit_code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    elif error is not None:
        print_exception(error)
        exit_code = 1
    flush()
    os._exit(exit_code & 0xFF)


def flush() -> None:
    """Write out what was printed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            pass  # closed by the user's code, or by its reader: there is nowhere left to say so
