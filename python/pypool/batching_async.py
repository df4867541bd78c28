"""Batches in the ``async`` engine: one run of a function that takes them is one task of the loop.

A function that is no coroutine runs on the loop, as any does there: while it computes, no call is told
anything, and none comes.
"""

from __future__ import annotations

from itertools import count
from math import inf
from time import monotonic

from .batching import Batch, check_call, failures_of, replies_of, results_of
from .context import running_call
from .deferred import COROUTINE
from .errors import Cancelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task, TimerHandle
    from collections.abc import Callable
    from typing import Any, Protocol

    from .expose import Exposed
    from .interrupts_async import AsyncInterrupts
    from .replies import Replies
    from .running_calls import RunningCall

    class Host(Protocol):
        """What an engine does for its batches."""

        def run(self, function: Callable[..., None], *args: Any) -> None:
            """Call a function in a context of its own."""

        def finish(self, loop: AbstractEventLoop, running: RunningCall, reply: Callable[[], None]) -> None:
            """Answer a call, and give its place to the next."""

        def leave_child(self, error: BaseException | None) -> None:
            """End here, if this is a child that was forked."""

        def stop(self, loop: AbstractEventLoop, failure: BaseException | None) -> None:
            """End the worker."""


__all__ = ["AsyncBatches"]


class AsyncBatches:
    """The calls of functions that take batches. All but :meth:`give_up` is for the loop.

    Args:
        host: The engine.
        replies: The replies channel.
        interrupts: What ends calls that run.
        most: How many calls have a place at once.

    Attributes:
        hurried_until: Calls that have come by then, on the clock of ``time.monotonic``, wait for no others.
    """

    def __init__(self, host: Host, replies: Replies, interrupts: AsyncInterrupts, most: int) -> None:
        self.host = host
        self.replies = replies
        self.interrupts = interrupts
        self.most = most
        self.ids = count(-1, -1)
        self.hurried_until = -inf
        self._gatherings: dict[str, _Gathering] = {}

    def add(self, loop: AbstractEventLoop, running: RunningCall) -> None:
        """Take a call that has its place.

        Raises:
            InvalidArguments: It does not go into a batch.
            Cancelled: It is to end already.
        """
        check_call(running)
        main, running.call.thread = running.call.thread, 0  # none runs it yet
        name = running.exposed.name
        gathering = self._gatherings.get(name)
        if gathering is None:
            gathering = self._gatherings[name] = _Gathering(running.exposed, self, loop, main)
        # Either this sees what the control thread noted, or that finds where the call is gathered.
        if running.wanted is not None:
            raise Cancelled(started=False)
        gathering.add(running)
        if len(self._gatherings) > 1:
            # Of several functions, with each place taken by one that waits for others: none can come.
            waits = sum(each.waits for each in self._gatherings.values())
            if waits == self.most:
                self._hurry(monotonic())

    def give_up(self, running: RunningCall) -> None:
        """A call is to end before its time. For the control thread, once it has noted that."""
        gathering = self._gatherings.get(running.exposed.name)
        if gathering is not None:
            gathering.give_up(running)

    def hurry(self) -> None:
        """No further call comes: wait for none."""
        self._hurry(inf)

    def _hurry(self, until: float) -> None:
        self.hurried_until = until
        for gathering in list(self._gatherings.values()):
            gathering.look()

    def refuse(self, loop: AbstractEventLoop, running: RunningCall, error: BaseException) -> None:
        """Answer a call with an error of its own."""
        self.host.finish(loop, running, lambda: self.replies.error(running.call.id, error))


class _Gathering:
    """The calls of one function: those that wait, and the batch that runs."""

    def __init__(
        self, exposed: Exposed, batches: AsyncBatches, loop: AbstractEventLoop, main_thread: int
    ) -> None:
        rule = exposed.batch
        assert rule is not None, "only what takes batches has its calls gathered"
        self._exposed = exposed
        self._batches = batches
        self._loop = loop
        self._main_thread = main_thread
        # Where all places are taken by those that wait here, no further call can come.
        self._size = min(rule.size, batches.most)
        self._wait_seconds = rule.max_wait_seconds
        self._waiting: list[RunningCall] = []
        self._timer: TimerHandle | None = None
        self._task: Task[None] | None = None
        self._batch: Batch | None = None

    @property
    def waits(self) -> int:
        """How many calls wait for others. 0 where a batch runs, or is about to."""
        return len(self._waiting) if self._task is None else 0

    def add(self, running: RunningCall) -> None:
        self._waiting.append(running)
        self.look()

    def give_up(self, running: RunningCall) -> None:
        """For the control thread."""
        try:
            self._loop.call_soon_threadsafe(self._let_go, running)
        except RuntimeError:
            return  # closed meanwhile: the worker stops, and the call has ended
        # Not on the loop, which the function may block. Either this sees the batch that the call has got
        # into, or `_begin` sees what was noted of the call.
        batch = self._batch
        if batch is not None and batch.is_unwanted():
            self._batches.interrupts.end(batch)

    def _let_go(self, running: RunningCall) -> None:
        if running in self._waiting:
            self._waiting.remove(running)
            self._batches.refuse(self._loop, running, Cancelled(started=False))
        elif self._batch is not None and self._batch.take_out(running):
            self._batches.refuse(self._loop, running, Cancelled(runs_on=True))

    def look(self) -> None:
        """Start a batch, if it is time to."""
        waiting = self._waiting
        if self._task is not None or not waiting:
            return
        came = waiting[0].call.started
        if len(waiting) < self._size and came > self._batches.hurried_until:
            # What the first of them waited while another batch ran counts.
            left = came + self._wait_seconds - monotonic()
            if left > 0:
                if self._timer is None:
                    self._timer = self._loop.call_later(left, self._on_timer)
                return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._batches.host.run(self._start)

    def _on_timer(self) -> None:
        self._timer = None
        self.look()  # whom it was set for may have been given up: then it is set anew

    def _start(self) -> None:
        import asyncio

        # It takes its calls with its first step: all that have arrived by then. So no factory of the user's
        # makes it, for an eager one would take that step here, before there is a task that can be cancelled.
        self._task = asyncio.Task(self._run(), loop=self._loop)
        self._task.add_done_callback(self._see_to)

    def _see_to(self, task: Task[None]) -> None:
        """A task has ended. One that user code cancelled before its first step has taken no call."""
        self._task = None
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self._batches.host.stop(self._loop, failure)  # nothing but a bug of the runtime's
        else:
            self.look()

    def _begin(self) -> Batch | None:
        """Decide who is in the batch. ``None`` where all that waited have been given up."""
        calls = self._waiting[: self._size]
        del self._waiting[: self._size]
        batches = self._batches.interrupts.batches
        while calls:
            batch = Batch(next(self._batches.ids), calls)
            # It is known to run before `give_up` can find it: whoever goes after it looks whether it does.
            batches[batch.call.id] = batch
            self._batch = batch
            # Looked at once for each: the control thread may cancel another while one is refused.
            ended = [each for each in batch.order if each.wanted is not None]
            if not ended:
                for each in calls:
                    each.call.thread, each.task = self._main_thread, self._task
                batch.task, batch.begun = self._task, True
                return batch
            batches.pop(batch.call.id, None)
            calls = [each for each in calls if each not in ended]
            for each in ended:
                self._batches.refuse(self._loop, each, Cancelled(started=False))
        self._batch = None
        return None

    async def _run(self) -> None:
        batch = self._begin()
        if batch is None:
            return
        host, replies, interrupts = self._batches.host, self._batches.replies, self._batches.interrupts
        name = self._exposed.name
        failure: BaseException | None = None
        running_call.set(batch.call)
        try:
            batch.entered = True
            returned = self._exposed.function(*batch.args)
            if type(returned) is COROUTINE:
                coroutine: Any = returned
                returned = await coroutine
            results = results_of(name, returned, len(batch.order))
            batch.entered = False
        except BaseException as error:
            batch.entered = False
            failure = error
        host.leave_child(failure)
        self._batch = None  # from here on each is answered with what it came to
        interrupts.batches.pop(batch.call.id, None)
        if failure is None:
            answers = replies_of(batch, results, replies)
        else:
            if interrupts.ended_by(batch, failure):
                failure = failure if isinstance(failure, Cancelled) else Cancelled()
            answers = failures_of(batch, failure, replies)
        for running, reply in answers:
            host.finish(self._loop, running, reply)
        del failure, answers  # a traceback holds this frame, and with it the arguments
