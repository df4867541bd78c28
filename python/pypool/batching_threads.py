"""Batches in the ``threads`` engine: each function that takes them has one thread, which gathers and runs.

No call has a thread, so one that is to end before its time ends beside the thread that runs its batch, and is
told so by another that never runs code of the user's.
"""

from __future__ import annotations

from _queue import SimpleQueue
from _thread import get_ident
from itertools import count
from math import inf
from threading import TIMEOUT_MAX, Condition
from time import monotonic

from .batching import Batch, check_call, failures_of, replies_of, results_of
from .context import running_call
from .deferred import COROUTINE
from .errors import Cancelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from .event_loop import EventLoop
    from .expose import Exposed
    from .interrupts_threads import ThreadInterrupts
    from .replies import Replies
    from .running_calls import RunningCall

    class Host(Protocol):
        """What an engine does for its batches."""

        def run(self, function: Callable[..., None], *args: Any) -> None:
            """Call a function in a context of its own."""

        def start_thread(self, name: str, serve: Callable[[EventLoop], None]) -> None:
            """Run `serve` on a thread of its own, with its loop."""

        def run_on(self, loop: EventLoop, running: RunningCall, coroutine: Any) -> Any:
            """Run a coroutine to its end, where it can be cancelled."""

        def finish(self, running: RunningCall, reply: Callable[[], None]) -> None:
            """Answer a call, and give its place to the next."""

        def refuse(self, running: RunningCall, error: BaseException) -> None:
            """Answer a call with an error of its own, likewise."""

        def leave_child(self, error: BaseException | None) -> None:
            """End here, if this is a child that was forked."""


__all__ = ["ThreadBatches"]


class ThreadBatches:
    """The calls of functions that take batches.

    Args:
        host: The engine.
        replies: The replies channel.
        interrupts: What asks calls to end.
        most: How many calls have a place at once.
    """

    def __init__(self, host: Host, replies: Replies, interrupts: ThreadInterrupts, most: int) -> None:
        self.host = host
        self.replies = replies
        self.interrupts = interrupts
        self.most = most
        self.ids = count(-1, -1)
        self._gatherings: dict[str, _Gathering] = {}
        self._tells = False
        self._given_up: SimpleQueue[tuple[RunningCall, Cancelled] | None] = SimpleQueue()

    def add(self, running: RunningCall) -> None:
        """Take a call that has its place. For the main thread.

        Raises:
            InvalidArguments: It does not go into a batch.
            RuntimeError: Its function has no thread yet, and there is none to be had.
        """
        check_call(running)
        running.call.thread = 0  # none runs it yet
        gathering = self._gatherings.get(running.exposed.name) or self._gather(running.exposed)
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

    def tell(self, running: RunningCall, error: Cancelled) -> None:
        """Answer a call that no batch has any more. For any thread, which does not wait for it."""
        self._given_up.put((running, error))

    def hurry(self) -> None:
        """No further call comes: wait for none."""
        self._hurry(inf)

    def close(self) -> None:
        """Have the threads end. Once every call is answered."""
        self._given_up.put(None)
        for gathering in self._gatherings.values():
            gathering.close()

    def _hurry(self, until: float) -> None:
        for gathering in self._gatherings.values():
            gathering.hurry(until)

    def _gather(self, exposed: Exposed) -> _Gathering:
        gathering = _Gathering(exposed, self)
        try:
            if not self._tells:
                self.host.start_thread("pypool-batch-ends", self._tell)
                self._tells = True
            self.host.start_thread(f"pypool-batch-{exposed.name}", gathering.serve)
        except RuntimeError as error:  # the limits of this process; the next call may have better luck
            raise RuntimeError(
                f"no thread can be started to run the batches of {exposed.name}(): {error}"
            ) from error
        self._gatherings[exposed.name] = gathering
        return gathering

    def _tell(self, loop: EventLoop) -> None:
        while True:
            given_up = self._given_up.get()
            if given_up is None:
                return
            self.host.refuse(*given_up)
            del given_up


class _Gathering:
    """The calls of one function: those that wait, and the batch that runs."""

    def __init__(self, exposed: Exposed, batches: ThreadBatches) -> None:
        rule = exposed.batch
        assert rule is not None, "only what takes batches has its calls gathered"
        self._exposed = exposed
        self._batches = batches
        # Where all places are taken by those that wait here, no further call can come.
        self._size = min(rule.size, batches.most)
        self._wait_seconds = rule.max_wait_seconds
        self._changed = Condition()  # its lock is for all that follows
        self._waiting: list[RunningCall] = []
        self._batch: Batch | None = None
        self._hurried_until = -inf
        self._closed = False

    def add(self, running: RunningCall) -> None:
        with self._changed:
            # Either this sees what the control thread noted, or `give_up` finds it here.
            if running.wanted is None:
                self._waiting.append(running)
                if len(self._waiting) in (1, self._size):
                    self._changed.notify()
                return
        self._batches.tell(running, Cancelled(started=False))

    def give_up(self, running: RunningCall) -> None:
        with self._changed:
            batch = self._batch
            if running in self._waiting:
                self._waiting.remove(running)
                self._batches.tell(running, Cancelled(started=False))
            elif batch is not None:
                if batch.take_out(running):
                    self._batches.tell(running, Cancelled(runs_on=True))
                if batch.is_unwanted():
                    self._batches.interrupts.end(batch)

    @property
    def waits(self) -> int:
        """How many calls wait for others. 0 where they do no more, and start as soon as may be."""
        count = len(self._waiting)
        return count if count < self._size else 0

    def hurry(self, until: float) -> None:
        """Those that have come by then, on the clock of ``time.monotonic``, wait for no others."""
        with self._changed:
            self._hurried_until = until
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def serve(self, loop: EventLoop) -> None:
        while True:
            batch = self._gather(loop)
            if batch is None:
                return
            self._batches.host.run(self._run, batch, loop)
            del batch  # its arguments, before waiting for the next

    def _gather(self, loop: EventLoop) -> Batch | None:
        """Wait until a batch is to start. ``None`` at the end."""
        waiting, changed = self._waiting, self._changed
        with changed:
            while not self._closed:
                if not waiting:
                    changed.wait()
                    continue
                # What the first of them waited while another batch ran counts.
                came = waiting[0].call.started
                left = came + self._wait_seconds - monotonic()
                if len(waiting) < self._size and left > 0 and came > self._hurried_until:
                    changed.wait(min(left, TIMEOUT_MAX))
                    continue
                batch = self._batch = Batch(next(self._batches.ids), waiting[: self._size])
                del waiting[: self._size]
                batch.call.thread = get_ident()
                for each in batch.order:
                    each.call.thread, each.loop = batch.call.thread, loop
                self._batches.interrupts.batches[batch.call.id] = batch
                return batch
            return None

    def _run(self, batch: Batch, loop: EventLoop) -> None:
        host, replies, interrupts = self._batches.host, self._batches.replies, self._batches.interrupts
        name = self._exposed.name
        failure: BaseException | None = None
        running_call.set(batch.call)
        try:
            if batch.wanted is not None:
                raise Cancelled(started=False)
            returned = self._exposed.function(*batch.args)
            if type(returned) is COROUTINE:
                returned = host.run_on(loop, batch, returned)
            results = results_of(name, returned, len(batch.order))
        except BaseException as error:
            failure = error
        # Before any lock: in a child, who held it may be gone.
        host.leave_child(failure)
        with self._changed:  # from here on each is answered with what it came to
            self._batch = None
        interrupts.batches.pop(batch.call.id, None)
        if failure is None:
            answers = replies_of(batch, results, replies)
        else:
            if interrupts.ended_by(batch, loop, failure):
                failure = failure if isinstance(failure, Cancelled) else Cancelled()
            answers = failures_of(batch, failure, replies)
        for running, reply in answers:
            host.finish(running, reply)
        del failure, answers  # a traceback holds this frame, and with it the arguments
