"""Ending calls of the ``async`` engine: their tasks are cancelled, and what blocks the loop is interrupted.

Only the call that blocks the loop is interrupted, and only if it is that which is to end. Whose code runs
tells the context: a task has that of its call, and so have the tasks and callbacks that come of it. Signal
handlers run in the context of what they interrupt.
"""

from __future__ import annotations

import signal
from _queue import SimpleQueue
from _thread import start_new_thread
from math import inf
from time import monotonic, sleep

from .context import running_call
from .errors import Cancelled
from .event_loop import cancel_when
from .interrupter import Interrupter
from .interrupts_concurrent import ConcurrentInterrupts
from .interrupts_sync import BLOCKED_SECONDS, CONTROL_SECONDS, LOOK_SECONDS, REPEAT_SECONDS
from .safe_points import raise_interrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Task
    from types import FrameType

    from .event_loop import EventLoop
    from .interrupter import Raised
    from .running_calls import RunningCall

__all__ = ["AsyncInterrupts"]


class AsyncInterrupts(ConcurrentInterrupts):
    """Who is to be cancelled or interrupted. Made on the main thread.

    Args:
        loop: Where calls run.
        calls: Those that run, by id.
    """

    def __init__(self, loop: EventLoop, calls: dict[int, RunningCall]) -> None:
        super().__init__(calls)
        self._loop = loop
        self._interrupter = Interrupter(self._is_due, self._has_raised)
        self._is_child = False
        self._pursuing = False
        self._to_pursue: SimpleQueue[RunningCall] = SimpleQueue()
        signal.signal(signal.SIGINT, self._on_sigint)

    def begin(self, call_id: int) -> None:
        """As of any :class:`Interrupts`, and nothing waits for code to return that an ended call ran."""
        self._interrupter.reset()
        super().begin(call_id)

    def ended_by(self, running: RunningCall, error: BaseException) -> bool:
        """Whether `error` is how a call ended that was to end."""
        if running.wanted is None:
            return False
        return isinstance(error, (Cancelled, KeyboardInterrupt)) or self._loop.is_cancelled(error)

    def disarm(self) -> None:
        """In a forked child: cancel nothing, and be interrupted as Python is."""
        self._is_child = True
        self._calls.clear()
        self.batches.clear()
        self._interrupter.reset()

    def end(self, running: RunningCall, after_seconds: float = 0.0) -> None:
        """Go after what runs. For the control thread."""
        if running.wanted is not None:
            return
        begin_at = monotonic() + after_seconds
        is_interrupted = running.exposed.cancel == "interrupt"
        # What is no coroutine blocks the loop for as long as it runs.
        patience = BLOCKED_SECONDS if running.exposed.asynchronous else 0.0
        running.nudge_at = begin_at + patience if is_interrupted else inf
        running.wanted = "leave" if after_seconds else "interrupt"
        running.call.cancelled = True  # last: whoever has seen it and leaves a shield is interrupted there
        self.notes.add(0)
        if not is_interrupted:
            return
        loop = self._loop.loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(self._cancel, running, after_seconds)
        except RuntimeError:
            return  # closed meanwhile: the worker stops, and the call has ended
        self._to_pursue.put(running)
        if not self._pursuing:
            self._pursuing = True
            try:
                start_new_thread(self._pursue, ())
            except RuntimeError:
                # None to be had, by the limits of this process: Node ends what blocks the loop.
                self._pursuing = False

    def _cancel(self, running: RunningCall, after_seconds: float) -> None:
        """On the loop, which therefore is not blocked."""
        loop = self._loop.ensure()
        if after_seconds:
            loop.call_later(after_seconds, self._cancel, running, 0.0)
            return
        running.heard = True

        def may_cancel() -> bool | None:
            # One that has not begun sees to it itself, as it does.
            if not running.begun or not self._is_running(running):
                return None
            return running.call.shields == 0 and running.raised() is None

        def task() -> Task[None] | None:
            return running.task

        cancel_when(loop, task, may_cancel)

    def _pursue(self) -> None:
        """Send signals while a call that is to end blocks the loop. On a thread that never ends."""
        pursued: list[RunningCall] = []
        while True:
            if not pursued:
                pursued.append(self._to_pursue.get())
            while not self._to_pursue.empty():
                pursued.append(self._to_pursue.get())
            pursued = [running for running in pursued if not running.heard and self._is_running(running)]
            now = monotonic()
            if any(now >= running.nudge_at for running in pursued):
                self._interrupter.nudge()
            if pursued:
                sleep(REPEAT_SECONDS)

    def _stepped(self) -> RunningCall | None:
        """The call, or the batch, whose code the main thread runs now. For the main thread."""
        call = running_call.get()
        running = None if call is None else self._calls.get(call.id) or self.batches.get(call.id)
        return running if running is not None and running.entered else None

    def _is_due(self) -> bool:
        running = self._stepped()
        return (
            running is not None
            and running.wanted is not None
            and not running.heard
            and monotonic() >= running.nudge_at
            and not running.call.shields
            and running.raised() is None
        )

    def _has_raised(self, raised: Raised) -> None:
        running = self._stepped()
        if running is not None:
            running.raised = raised
            running.call.cancelled = True  # which the control thread may not have come to

    def _on_sigint(self, signal_number: int, frame: FrameType | None) -> None:
        """Node's second rung: it is for a call that is to end, and may find another at work."""
        if self._is_child:
            raise KeyboardInterrupt
        running = self._stepped()
        if running is None:
            return
        give_up_at = monotonic() + CONTROL_SECONDS
        # Unless it is meant for another, which is waiting for its turn on this very thread.
        while not self._is_told() and monotonic() < give_up_at:
            sleep(LOOK_SECONDS)
        if running.wanted is not None:
            raise_interrupt(frame, lambda: self._stepped() is running)

    def _is_told(self) -> bool:
        """Whether the control thread has said of some call that it is to end."""
        places = (*self._calls.values(), *self.batches.values())
        return any(running.wanted is not None for running in places)
