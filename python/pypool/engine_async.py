"""The `async` engine: many calls at once, each a task of one event loop on the main thread.

The loop reads the requests as well, so a call starts between two steps of others, and replies leave in the
order in which calls end. A handler that is no coroutine runs on the loop, too, and holds up all others.
"""

from __future__ import annotations

from _socket import socket
from collections import deque
from contextvars import copy_context
from functools import partial

from . import lifecycle
from .call_failures import explain, returned_stream
from .context import running_call
from .deferred import COROUTINE, STREAMS
from .errors import Cancelled, FrameTooLarge, InvalidArguments, ProtocolError
from .frame_decoder import FrameDecoder
from .intake import Intake
from .interrupts_async import AsyncInterrupts
from .running_calls import RunningCall, oldest
from .stream_producer import StreamProducer
from .tracing import join_trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Callable, Mapping
    from typing import Any

    from .batching_async import AsyncBatches
    from .context import Call
    from .dump import Place
    from .event_loop import EventLoop
    from .expose import Exposed
    from .frame import Channel, Frame, FrameLimits
    from .replies import Replies
    from .revocations import Revocations
    from .streams import Streams, Window

__all__ = ["AsyncEngine"]

_READ_BYTES = 256 * 1024


class AsyncEngine:
    """Answers calls as they end.

    Args:
        requests: The requests channel.
        accepts: The frame types that it may carry.
        limits: Of the connection.
        replies: The replies channel. What is written there is written at once, with the loop standing still.
        streams: Where credit arrives.
        loop: Where calls run.
        concurrency: How many calls may run at once. Further ones wait, those that are read and those that
            are not.

    Attributes:
        interrupts: What ends calls that run.
    """

    def __init__(
        self,
        requests: Channel,
        accepts: frozenset[int],
        limits: FrameLimits,
        replies: Replies,
        streams: Streams,
        loop: EventLoop,
        concurrency: int,
    ) -> None:
        self._calls: dict[int, RunningCall] = {}
        self.interrupts = AsyncInterrupts(loop, self._calls)
        self._intake = Intake(
            replies.codec, replies.error, streams, self.interrupts, self._calls, replies.inputs
        )
        self._requests = requests
        # Behind a buffer, TLS may have decrypted what no further readiness would tell of.
        self._receives_directly = isinstance(requests, socket)
        self._replies = replies
        self._event_loop = loop
        self._concurrency = concurrency
        self._waiting: deque[Frame] = deque()
        fill = None if replies.memory is None else replies.memory.fill
        self._decoder = FrameDecoder(accepts, self._waiting.append, limits, fill)
        self._reading = False
        self._starting = False
        self._at_end = False
        self._stopped = False
        self._failure: BaseException | None = None
        self._loop: AbstractEventLoop | None = None
        self._context = copy_context()
        self._batches: AsyncBatches | None = None

    @property
    def functions(self) -> Mapping[str, Exposed]:
        """What may be called, by exact name."""
        return self._intake.functions

    @functions.setter
    def functions(self, functions: Mapping[str, Exposed]) -> None:
        self._intake.functions = functions
        if any(exposed.batch is not None for exposed in functions.values()):
            from .batching_async import AsyncBatches

            self._batches = AsyncBatches(self, self._replies, self.interrupts, self._concurrency)
            self.interrupts.give_up = self._batches.give_up

    @property
    def revocations(self) -> Revocations:
        """Which calls never start."""
        return self._intake.revocations

    @property
    def running(self) -> Call | None:
        """The oldest call that runs. Other threads may look."""
        return oldest(self._calls)

    def runs(self, call_id: int) -> bool:
        """Whether this call has a place still. For any thread."""
        return call_id in self._calls

    def places(self) -> list[Place]:
        """Where the calls that run are. For any thread."""
        return [
            (each.call.id, each.call.thread, self._loop, each.task) for each in list(self._calls.values())
        ]

    def serve(self) -> None:
        """Answer calls until Node ends the requests channel and the last has ended.

        Raises:
            ProtocolError: Node sent what is no call.
            FrameTooLarge: Node sent more than the limits allow.
            OSError: A channel is gone.
        """
        loop = self._loop = self._event_loop.ensure()
        self._context = copy_context()
        self._requests.setblocking(False)
        self._read_on(loop)
        while not self._stopped:
            try:
                loop.run_forever()
            except (SystemExit, KeyboardInterrupt):
                # Raised in a task or callback that a handler has started, and asyncio stops for it. A task
                # has kept it for whoever awaits it. Its loop belongs to others, too, and goes on.
                pass
            self.leave_child(None)
        if self._reading:
            loop.remove_reader(self._requests.fileno())
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Close the loop. Once :meth:`serve` has returned."""
        self._event_loop.close()

    def disarm(self) -> None:
        """In a forked child: what comes back to the loop ends there, and no other call is stepped."""
        self.interrupts.disarm()
        if self._loop is None:
            return
        # uvloop does not let one look: there, what was about to be stepped is.
        ready = getattr(self._loop, "_ready", None)
        if isinstance(ready, deque):
            ready.clear()
        self._loop.call_soon(lifecycle.leave_child, None)

    def _read_on(self, loop: AbstractEventLoop) -> None:
        self._reading = True
        loop.add_reader(self._requests.fileno(), self._read, loop)

    def _read(self, loop: AbstractEventLoop) -> None:
        """Take what has arrived. On the loop, in a context of no call."""
        try:
            try:
                is_end = not self._receive()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionResetError:  # Node went away with replies unread: the end, like any other
                is_end = True
            if is_end:
                self._decoder.end()
                self._at_end = True
                if self._batches is not None:
                    self._batches.hurry()
            self._start_waiting(loop)
        except BaseException as error:  # no memory, say: called again at once, it would fail again for ever
            self.stop(loop, error)

    def _receive(self) -> int:
        """Read once: from a plain socket, a large buffer straight into its memory. 0 at the end."""
        room = self._decoder.room() if self._receives_directly else None
        if room is not None:
            count = self._requests.recv_into(room)
            self._decoder.received(count)
            return count
        data = self._requests.recv(_READ_BYTES)
        self._decoder.push(data)
        return len(data)

    def _start_waiting(self, loop: AbstractEventLoop) -> None:
        """Start what has its turn, in the order of the calls, as long as there is a place."""
        if self._starting:
            return  # an eager task has ended as it was made, and whoever makes them goes on below
        self._starting = True
        try:
            while self._waiting and len(self._calls) < self._concurrency:
                # A context of its own: what one call sets there is nothing to another, whoever starts it.
                self._context.copy().run(self._start, loop, self._waiting.popleft())
        finally:
            self._starting = False
        # What waits here is bounded by what one read brings.
        want_more = not self._at_end and not self._waiting
        if want_more and not self._reading:
            self._context.copy().run(self._read_on, loop)
        elif not want_more and self._reading:
            self._reading = False
            loop.remove_reader(self._requests.fileno())
        if self._at_end and not self._waiting and not self._calls:
            self.stop(loop, None)

    def _start(self, loop: AbstractEventLoop, frame: Frame) -> None:
        running = self._intake.take(frame)
        if running is None:
            return
        if self._batches is not None and running.exposed.batch is not None:
            try:
                self._batches.add(loop, running)
            except (InvalidArguments, Cancelled) as error:
                self._intake.refuse(running, error)
            return
        running_call.set(running.call)
        traceparent = running.call.traceparent
        if traceparent is not None:
            join_trace(traceparent, running.call.tracestate)
        running.task = loop.create_task(self._answer(loop, running))
        running.task.add_done_callback(partial(self._see_to, loop, running))

    async def _answer(self, loop: AbstractEventLoop, running: RunningCall) -> None:
        exposed = running.exposed
        try:
            if running.wanted == "interrupt":
                raise Cancelled(started=False)
            running.begun = True
            if running.window is not None:
                await self._stream(running, running.window)
                result = None
            else:
                running.entered = True
                result = exposed.function(*running.args, **running.kwargs)
                if type(result) is COROUTINE:
                    coroutine: Any = result
                    result = await coroutine
                running.entered = False
                if type(result) in STREAMS:
                    raise returned_stream(exposed.name)
            encoded = self._replies.codec.encode(result)
        except BaseException as error:
            running.entered = False
            self._fail(loop, running, error)
            return
        self.finish(loop, running, partial(self._replies.result, running.call.id, encoded))

    async def _stream(self, running: RunningCall, window: Window) -> None:
        """Run a call that asked for items. Its result is the end."""
        if window.left:
            return
        write = partial(self._replies.items, running.call.id)
        running.entered = True
        source = running.exposed.function(*running.args, **running.kwargs)
        producer = StreamProducer(running.exposed.name, window, self._replies.encode_items, write, running)
        await producer.produce_in_task(source)
        running.entered = False

    def _fail(self, loop: AbstractEventLoop, running: RunningCall, error: BaseException) -> None:
        if self.interrupts.ended_by(running, error):
            error = error if isinstance(error, Cancelled) else Cancelled()
        elif type(error) is TypeError:
            error = explain(error, running.exposed, running.args, running.kwargs, _CALL_SITES)
        self.finish(loop, running, partial(self._replies.error, running.call.id, error))

    def finish(self, loop: AbstractEventLoop, running: RunningCall, reply: Callable[[], None]) -> None:
        """Answer a call, and only then give its place to the next."""
        try:
            reply()
            self._intake.release(running.call.id)
            if not self._reading:
                self._start_waiting(loop)
        except (ProtocolError, FrameTooLarge, OSError) as error:
            self.stop(loop, error)

    def _see_to(self, loop: AbstractEventLoop, running: RunningCall, task: Task[None]) -> None:
        """A task has ended. One that user code cancelled before its first step has answered nothing."""
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self.stop(loop, failure)  # nothing but a bug of the runtime's
        elif not running.begun and self._calls.get(running.call.id) is running:
            self._fail(loop, running, Cancelled(started=False))

    def run(self, function: Callable[..., None], *args: Any) -> None:
        """Call a function in a context of its own: what one call sets there is nothing to another."""
        self._context.copy().run(function, *args)

    def leave_child(self, error: BaseException | None) -> None:
        """End here, where this is a child that user code forked.

        Args:
            error: What it came back with.
        """
        if self._replies.disarmed:
            lifecycle.leave_child(error)

    def stop(self, loop: AbstractEventLoop, failure: BaseException | None) -> None:
        """Have :meth:`serve` return, or raise."""
        self._stopped = True
        if self._failure is None:
            self._failure = failure
        loop.stop()


_CALL_SITES = (AsyncEngine._answer.__code__, AsyncEngine._stream.__code__)
