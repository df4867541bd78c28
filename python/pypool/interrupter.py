"""Raising in the main thread: the handler of the signal that interrupts it.

A signal is the only thing that reaches a main thread in ``time.sleep``, a socket or a lock. This one is
``SIGURG``, whose default is to be ignored: a child that inherits nothing of this comes to no harm, and
libraries leave it alone (Go's runtime uses it for the same reason).

It waits where raising would leak a lock or leave half a module behind (:func:`judge` tells). Mostly the next
signal finds a better moment. Inside ``logging`` and the like it is raised as soon as the code to be spared
returns: a handler that does little but log gives the sender its turn only while it writes, inside
``logging``, every time.
"""

from __future__ import annotations

import signal
import sys
from _thread import get_ident
from functools import partial
from weakref import ref

from .errors import Cancelled
from .safe_points import judge
from .shielding import when_unshielded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

    Raised = Callable[[], "Cancelled | None"]

__all__ = ["Interrupter", "not_raised"]

STILL_REPEATS = 2
"""A main thread that so many further signals found at the same place is taken for blocked there."""

_SIGNAL = signal.SIGURG

_FRAMES_TO_SHIELD = 2
"""From :meth:`Interrupter._check`, over the shield's own, to whoever leaves a shield."""


class Interrupter:
    """The signal and its handler. Made on the main thread.

    Args:
        is_due: Whether what runs on the main thread now is to be interrupted.
        on_raise: Told of each exception that is raised, as a weak reference.
    """

    def __init__(self, is_due: Callable[[], bool], on_raise: Callable[[Raised], None]) -> None:
        self._is_due = is_due
        self._on_raise = on_raise
        self._main = get_ident()
        self._profile: object = None
        self._place: tuple[FrameType, int, int] | None = None
        signal.signal(_SIGNAL, self._on_signal)
        when_unshielded(self._check)

    def nudge(self) -> None:
        """Send the signal. For other threads."""
        signal.pthread_kill(self._main, _SIGNAL)

    def reset(self) -> None:
        """Forget where the main thread stood, and raise nothing when it leaves there."""
        self._place = None
        if self._profile is not None and sys.getprofile() is self._profile:
            sys.setprofile(None)
        self._profile = None

    def _check(self) -> None:
        """Raise now, if it is time to: a shield has ended, and it is not one of the runtime's own."""
        if self._is_due() and judge(sys._getframe(_FRAMES_TO_SHIELD)) is None:
            self._raise()

    def _on_signal(self, signal_number: int, frame: FrameType | None) -> None:
        if not self._is_due():
            return
        verdict = judge(frame)
        if verdict is None or (verdict == "if blocked" and frame is not None and self._stands_still(frame)):
            self._raise()
        # A profiler of the user's stays: then it is the next signal's turn.
        elif not isinstance(verdict, str) and sys.getprofile() is self._profile:
            self._profile = partial(self._on_profile, verdict)
            sys.setprofile(self._profile)

    def _stands_still(self, frame: FrameType) -> bool:
        """Whether the last signals found the very same call of a function at the same place."""
        same = self._place is not None and self._place[0] is frame and self._place[1] == frame.f_lasti
        seen = self._place[2] + 1 if same and self._place is not None else 1
        self._place = (frame, frame.f_lasti, seen)
        return seen > STILL_REPEATS

    def _on_profile(self, spared: FrameType, frame: FrameType, event: str, argument: object) -> None:
        """Wait for the return of the code to be spared."""
        if frame is spared and event == "return":
            self.reset()
            if self._is_due() and judge(frame.f_back) is None:
                self._raise()

    def _raise(self) -> NoReturn:
        error = Cancelled()
        self._place = None
        self._on_raise(ref(error))
        try:
            raise error
        finally:
            del error  # or its traceback would keep this frame, which would keep it alive


def not_raised() -> None:
    """Stand for the weak reference where there is none."""
    return None
