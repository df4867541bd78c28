"""From a copy of the fork server to a worker: what a process does between the fork and its handshake."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time

from . import lifecycle
from .channels import open_channels
from .runtime import Runtime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, NoReturn

    from .preloaded import Preloaded

__all__ = ["Inheritance", "Task"]

_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
"""Signals that the fork server handles in its own way."""


class Inheritance:
    """What the user's modules left behind that the fork server lays aside while it serves, for its workers.

    Take it after they are imported.
    """

    def __init__(self) -> None:
        self._handlers = {number: signal.getsignal(number) for number in _HANDLED}
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._collects = gc.isenabled()

    def lay_aside(self) -> None:
        """Be deaf to what a terminal sends to everybody; collect no garbage, and share what is there."""
        for number in _HANDLED:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        gc.collect()
        gc.disable()
        if hasattr(gc, "freeze"):  # not in PyPy
            gc.freeze()
        lifecycle.trim_memory()

    def restore(self) -> None:
        """Be as after the import: in a worker."""
        for number, handler in self._handlers.items():
            # None: installed by C code, which is in place of it for good now.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        if self._collects:
            gc.enable()


class Task:
    """One worker to become.

    Args:
        arguments: How it reaches Node, as after ``python -m pypool``.
        environ: The whole environment that it is to have.
        preloaded: What it serves.
        inheritance: As above.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        preloaded: Preloaded,
        inheritance: Inheritance,
    ) -> None:
        self._arguments = arguments
        self._environ = environ
        self._preloaded = preloaded
        self._inheritance = inheritance

    def run(self) -> NoReturn:
        """Be that worker, until Node says otherwise. Nothing of the fork server is open any more."""
        parent_pid = os.getppid()
        os.environ.clear()
        os.environ.update(self._environ)
        time.tzset()
        channels = open_channels(self._arguments, os.environ)
        self._inheritance.restore()
        self._preloaded.output.adopt()
        _reseed()
        Runtime(*channels, parent_pid, self._preloaded).run()


def _reseed() -> None:
    """Give this process randomness of its own. Python itself does so for `random`.

    A generator that user code made for itself is the same in every worker, unless ``on_worker_start`` makes
    another.
    """
    numpy_random: Any = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    torch: Any = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "default_generator"):
        torch.default_generator.manual_seed(int.from_bytes(os.urandom(8), "little") >> 1)
