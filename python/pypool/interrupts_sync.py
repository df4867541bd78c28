"""Ending the call that the ``sync`` engine runs: Node asks on control, the main thread raises.

Four rules:

- It raises in user code only (:class:`UserCode` tells). Raised while the runtime moves bytes it would tear a
  frame.
- It raises only for the call that Node meant, which may have ended by now.
- It waits where raising would do harm (:class:`Interrupter` tells), and under :func:`shield`.
- It does not raise again while the last one is still on its way out, or clean-up code would be interrupted.
  An exception that user code swallowed is gone, and the next signal raises another.
"""

from __future__ import annotations

from _thread import start_new_thread
from math import inf
from signal import SIGINT, signal
from threading import Event
from time import monotonic, sleep

from .context import running_call
from .errors import Cancelled
from .interrupter import Interrupter, not_raised
from .interrupts import Interrupts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from .context import Call
    from .event_loop import EventLoop
    from .interrupter import Raised
    from .user_code import UserCode

__all__ = ["BLOCKED_SECONDS", "CONTROL_SECONDS", "LOOK_SECONDS", "REPEAT_SECONDS", "SyncInterrupts"]

REPEAT_SECONDS = 0.02
"""Time between two signals for the same call."""

BLOCKED_SECONDS = 0.1
"""An event loop that has not heard of the cancel for so long is taken for blocked by what it runs."""

CONTROL_SECONDS = 0.25
"""A ``SIGINT`` may come in C code that held the interpreter, before the control thread has read for whom. It
has so long to do so, which a busy machine may well take: half of what Node gives a ``SIGINT``."""

LOOK_SECONDS = 0.002


class SyncInterrupts(Interrupts):
    """Who is to be interrupted. Made on the main thread.

    Args:
        user_code: Tells whether user code runs.
        loop: Where coroutines run.
        running: Tells which call the main thread runs now.
        mode_of: Tells by a function's name how its calls are to be ended.
    """

    def __init__(
        self,
        user_code: UserCode,
        loop: EventLoop,
        running: Callable[[], Call | None],
        mode_of: Callable[[str], str],
    ) -> None:
        super().__init__()
        self._user_code = user_code
        self._loop = loop
        self._running = running
        self._mode_of = mode_of
        self._interrupter = Interrupter(self._is_due, self._has_raised)
        self._wanted = 0
        self._meant = 0
        self._is_child = False
        self._begin_at = 0.0
        self._heard: Event | None = None
        self._raised: Raised = not_raised
        self._pursuing = False
        self._call_to_pursue = Event()
        signal(SIGINT, self._on_sigint)

    def begin(self, call_id: int) -> None:
        """As of any :class:`Interrupts`, and nothing is left of the call before."""
        self._interrupter.reset()
        super().begin(call_id)

    def ended_by(self, call_id: int, error: BaseException) -> bool:
        """Whether `error` is how a call ended that was to end."""
        if self._wanted != call_id:
            return False
        return isinstance(error, (Cancelled, KeyboardInterrupt)) or self._loop.is_cancelled(error)

    def disarm(self) -> None:
        """In a forked child: interrupt nothing, and be interrupted as Python is."""
        self._is_child = True
        self._wanted = 0
        self._interrupter.reset()

    def _go_after(self, call_id: int, after_seconds: float) -> None:
        self._meant = max(self._meant, call_id)
        call = self._running()
        if call is None or call.id != call_id or self._wanted == call_id:
            return
        mode = self._mode_of(call.name)
        self._begin_at = monotonic() + after_seconds if mode == "interrupt" else inf
        self._heard = None
        self._raised = not_raised
        self.notes.add(0)
        self._wanted = call_id
        call.cancelled = True  # last: whoever has seen it and leaves a shield is interrupted there
        if mode != "interrupt":
            return
        self._call_to_pursue.set()
        if not self._pursuing:
            self._pursuing = True
            try:
                start_new_thread(self._pursue, ())
            except RuntimeError:  # none to be had, by the limits of this process: one try has to do
                self._pursuing = False
                if not after_seconds:
                    self._nudge()

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
            self._heard = self._loop.cancel_task(self._may_cancel)
        if self._heard is None or (
            not self._heard.is_set() and monotonic() > self._begin_at + BLOCKED_SECONDS
        ):
            self._interrupter.nudge()

    def _is_running(self, call_id: int) -> bool:
        call = self._running()
        return call is not None and call.id == call_id

    def _is_on_its_way(self) -> bool:
        return self._raised() is not None

    def _may_cancel(self) -> bool | None:
        """Tell the loop whether it is time to cancel its task."""
        call = self._running()
        if call is None or call.id != self._wanted:
            return None
        return not call.shields and not self._is_on_its_way()

    def _is_due(self) -> bool:
        if self.latest != self._wanted:  # the usual case, whenever a shield ends
            return False
        call = self._running()
        return (
            self._user_code.entered
            and call is not None
            and call.id == self._wanted
            and monotonic() >= self._begin_at
            and running_call.get() in (None, call)  # not a task that another call has left behind
            and not call.shields
            and not (self._heard is not None and self._heard.is_set())
            and not self._is_on_its_way()
        )

    def _has_raised(self, raised: Raised) -> None:
        self._raised = raised
        call = self._running()
        if call is not None:
            call.cancelled = True  # which the control thread may not have come to

    def _on_sigint(self, signal_number: int, frame: FrameType | None) -> None:
        """Node's second rung: it is for a call that is to end, and may find the next one at work.

        Whatever Node said before it, the control thread does before this call ends: those behind it that were
        taken back are given back then, for Node ends the process as soon as it hears of that end.
        """
        call = self._running()
        if call is not None and not self._is_child:
            give_up_at = monotonic() + CONTROL_SECONDS
            while self._meant < call.id and monotonic() < give_up_at:
                sleep(LOOK_SECONDS)
            if 0 < self._meant < call.id:
                return
        self._user_code.on_interrupt(signal_number, frame)
