"""Calls that are to end before their time, in an engine that runs many at once, and in batches."""

from __future__ import annotations

from .interrupts import Interrupts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .batching import Batch
    from .running_calls import RunningCall

__all__ = ["ConcurrentInterrupts"]


class ConcurrentInterrupts(Interrupts):
    """What Node has asked to end, of many calls.

    Args:
        calls: Those that run, by id.

    Attributes:
        batches: Those that run, by their own ids.
        give_up: Told of a call of a function that takes batches, instead of ending it: its batch goes on. Set
            by an engine that has such functions.
    """

    def __init__(self, calls: dict[int, RunningCall]) -> None:
        super().__init__()
        self.batches: dict[int, Batch] = {}
        self.give_up: Callable[[RunningCall], None] = _let_be
        self._calls = calls

    def end(self, running: RunningCall, after_seconds: float = 0.0) -> None:
        """End what runs: a call, or a batch. For the control thread."""
        raise NotImplementedError

    def _go_after(self, call_id: int, after_seconds: float) -> None:
        running = self._calls.get(call_id)
        if running is None or running.wanted is not None:
            return
        if running.exposed.batch is None:
            self.end(running, after_seconds)
            return
        running.call.cancelled = True
        running.wanted = "interrupt"
        self.give_up(running)

    def _is_running(self, running: RunningCall) -> bool:
        call_id = running.call.id
        return self._calls.get(call_id) is running or self.batches.get(call_id) is running


def _let_be(running: RunningCall) -> None:
    pass
