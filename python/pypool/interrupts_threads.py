"""Ending calls of the ``threads`` engine: nothing can be raised in a thread, so a call is asked to end.

What is plain can see it (``current_call().cancelled``); a coroutine is cancelled as a task of its thread's
loop.
"""

from __future__ import annotations

from .errors import Cancelled
from .event_loop import cancel_when
from .interrupts_concurrent import ConcurrentInterrupts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .event_loop import EventLoop
    from .running_calls import RunningCall

__all__ = ["ThreadInterrupts"]


class ThreadInterrupts(ConcurrentInterrupts):
    """Who is asked to end."""

    def ended_by(self, running: RunningCall, loop: EventLoop, error: BaseException) -> bool:
        """Whether `error` is how a call ended that was to end."""
        return running.wanted is not None and (isinstance(error, Cancelled) or loop.is_cancelled(error))

    def watch_loop(self, running: RunningCall, loop: EventLoop) -> None:
        """A call is about to run on its thread's loop, where it can be cancelled. For its thread.

        Raises:
            Cancelled: It is to end already.
        """
        loop.ensure()
        running.loop = loop
        # Either this sees what `_go_after` wrote, or that sees the loop.
        if running.wanted == "interrupt" and running.exposed.cancel == "interrupt":
            raise Cancelled

    def end(self, running: RunningCall, after_seconds: float = 0.0) -> None:
        """Ask what runs to end. For the control thread."""
        if running.wanted is not None:
            return
        running.wanted = "leave" if after_seconds else "interrupt"
        running.call.cancelled = True  # last: who has seen it and returns a coroutine has that not entered
        if running.loop is None or running.exposed.cancel != "interrupt":
            return
        loop, event_loop = running.loop.loop, running.loop
        if loop is None:
            return

        def may_cancel() -> bool | None:
            if not self._is_running(running):
                return None
            return running.call.shields == 0

        def cancel() -> None:
            cancel_when(loop, lambda: event_loop.task, may_cancel)

        try:
            loop.call_soon_threadsafe(loop.call_later, after_seconds, cancel)
        except RuntimeError:
            pass  # closed meanwhile: the worker stops, and the call has ended
