"""Ending a call that runs: Node asks on control, the main thread raises.

A signal is the only thing that reaches a main thread in ``time.sleep``, a socket or a lock, so the interrupt
is one: its handler raises :class:`Cancelled`, and only where that is safe. The signal is ``SIGURG``, whose
default is to be ignored: a child that inherits nothing of this comes to no harm, and libraries leave it alone
(Go's runtime uses it for the same reason).

Four rules:

- It raises in user code only (:class:`UserCode` tells). Raised while the runtime moves bytes it would tear a
  frame.
- It raises only for the call that Node meant, which may have ended by now.
- It waits where raising would leak a lock or leave half a module behind (:func:`judge` tells), and under
  :func:`shield`. Mostly the next signal finds a better moment. Inside ``logging`` and the like it is raised
  as soon as the code to be spared returns: a handler that does little but log gives the sender its turn only
  while it writes, inside ``logging``, every time.
- It does not raise again while the last one is still on its way out, or clean-up code would be interrupted.
  An exception that user code swallowed is gone, and the next signal raises another.
"""

from __future__ import annotations

import signal
import sys
from _thread import get_ident, start_new_thread
from functools import partial
from threading import Event
from time import monotonic, sleep
from weakref import ref

from .errors import Cancelled
from .safe_points import judge, user_frame
from .shielding import shield, when_unshielded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

    from .context import Call
    from .event_loop import EventLoop
    from .user_code import UserCode

__all__ = ["Interrupts"]

REPEAT_SECONDS = 0.02
"""Time between two signals for the same call."""

BLOCKED_SECONDS = 0.1
"""An event loop that has not heard of the cancel for so long is taken for blocked by what it runs."""

LEAVE_SECONDS = 0.1
"""A stream that was left has this long to come to its next item, where it stops by itself."""

STILL_REPEATS = 2
"""A main thread that so many further signals found at the same place is taken for blocked there."""

_SIGNAL = signal.SIGURG


class Interrupts:
    """Who is to be interrupted, and the signal's handler. Made on the main thread.

    Args:
        user_code: Tells whether user code runs.
        loop: Where coroutines run.
        running: Tells which call the main thread runs now.
        mode_of: Tells by a function's name how its calls are to be ended.

    Attributes:
        latest: The last call that began. For the main thread to set, before it looks at `notes`.
        notes: Ids of calls that were cancelled before they were read, and 0 for anything else that
            :meth:`begin` should see to.
    """

    def __init__(
        self,
        user_code: UserCode,
        loop: EventLoop,
        running: Callable[[], Call | None],
        mode_of: Callable[[str], str],
    ) -> None:
        self.latest = 0
        self.notes: set[int] = set()
        self._user_code = user_code
        self._loop = loop
        self._running = running
        self._mode_of = mode_of
        self._main = get_ident()
        self._wanted = 0
        self._begin_at = 0.0
        self._heard: Event | None = None
        self._raised: Callable[[], Cancelled | None] = _nothing
        self._profile: object = None
        self._place: tuple[FrameType, int, int] | None = None
        self._pursuing = False
        self._call_to_pursue = Event()
        signal.signal(_SIGNAL, self._on_signal)
        when_unshielded(self.check)

    def begin(self, call_id: int) -> None:
        """See to the notes. For the main thread, where there are any, as a call begins.

        Needs no lock: either this sees what :meth:`cancel` noted, or that sees that the call has begun.

        Raises:
            Cancelled: This very call was cancelled before it was read.
        """
        self._stop_watching()
        self._place = None
        withdrawn = call_id in self.notes
        for note in self.notes.copy():
            if note <= call_id:
                self.notes.discard(note)
        if withdrawn:
            raise Cancelled(started=False)

    def cancel(self, call_id: int) -> None:
        """End a call. For the control thread.

        A call that has not been read is noted, one that has ended is let be.
        """
        if call_id > self.latest:
            self.notes.add(call_id)
            if call_id > self.latest:
                return
        # It has begun, if perhaps just now, without a look at the note; then `begin` of the next drops that.
        self._go_after(call_id, 0.0)

    def leave(self, call_id: int) -> None:
        """End a stream that was left and does not come to its next item. For the control thread.

        One that has not been read needs none of this: it ends before its first item.
        """
        if call_id <= self.latest:
            self._go_after(call_id, LEAVE_SECONDS)

    def ended_by(self, call_id: int, error: BaseException) -> bool:
        """Whether `error` is how a call ended that was to end."""
        if self._wanted != call_id:
            return False
        return isinstance(error, (Cancelled, KeyboardInterrupt)) or self._loop.is_cancelled(error)

    def check(self) -> None:
        """Raise now, if it is time to: a shield has ended."""
        if self._is_due() and judge(user_frame()) is None:
            self._raise()

    def disarm(self) -> None:
        """In a forked child: interrupt nothing."""
        self._wanted = 0
        self._stop_watching()

    def _go_after(self, call_id: int, after_seconds: float) -> None:
        call = self._running()
        if call is None or call.id != call_id or self._wanted == call_id:
            return
        call.cancelled = True
        self._begin_at = monotonic() + after_seconds
        self._heard = None
        self._raised = _nothing
        self._place = None
        self.notes.add(0)
        self._wanted = call_id
        if self._mode_of(call.name) != "interrupt":
            return
        self._call_to_pursue.set()
        if not self._pursuing:
            self._pursuing = True
            start_new_thread(self._pursue, ())

    def _pursue(self) -> None:
        """Go after one call after the other until it has ended: on a thread of its own, which never ends."""
        while True:
            self._call_to_pursue.wait()
            self._call_to_pursue.clear()
            while self._is_running(self._wanted):
                if monotonic() >= self._begin_at:
                    self._nudge()
                sleep(REPEAT_SECONDS)

    def _nudge(self) -> None:
        """A coroutine is cancelled as a task is; anything else, or a loop that is blocked, is interrupted."""
        if self._heard is None:
            self._heard = self._loop.cancel_task(self._is_on_its_way)
        if self._heard is None or (
            not self._heard.is_set() and monotonic() > self._begin_at + BLOCKED_SECONDS
        ):
            signal.pthread_kill(self._main, _SIGNAL)

    def _is_running(self, call_id: int) -> bool:
        call = self._running()
        return call is not None and call.id == call_id

    def _is_on_its_way(self) -> bool:
        return self._raised() is not None

    def _is_due(self) -> bool:
        return (
            self._user_code.entered
            and not shield.depth
            and monotonic() >= self._begin_at
            and self._is_running(self._wanted)
            and not (self._heard is not None and self._heard.is_set())
            and not self._is_on_its_way()
        )

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
            self._stop_watching()
            if self._is_due() and judge(frame.f_back) is None:
                self._raise()

    def _stop_watching(self) -> None:
        if self._profile is not None and sys.getprofile() is self._profile:
            sys.setprofile(None)
        self._profile = None

    def _raise(self) -> NoReturn:
        error = Cancelled()
        self._place = None
        self._raised = ref(error)
        try:
            raise error
        finally:
            del error  # or its traceback would keep this frame, which would keep it alive


def _nothing() -> None:
    return None
