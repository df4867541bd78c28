"""The `threads` engine: several calls at once, each on a thread of a bounded pool.

The main thread reads the requests and hands calls out in their order. For handlers that wait for I/O in
blocking code, or let go of the interpreter, and for builds of Python without its lock.
"""

from __future__ import annotations

from _queue import SimpleQueue
from _thread import allocate_lock, get_ident
from contextvars import copy_context
from functools import partial
from threading import Thread

from . import lifecycle
from .call_failures import explain, returned_stream
from .context import running_call
from .deferred import COROUTINE, STREAMS
from .errors import Cancelled, InvalidArguments
from .event_loop import EventLoop
from .intake import Intake
from .interrupts_threads import ThreadInterrupts
from .running_calls import RunningCall, oldest
from .stream_producer import StreamProducer
from .tracing import join_trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .batching_threads import ThreadBatches
    from .context import Call
    from .dump import Place
    from .expose import Exposed
    from .frame_reader import FrameReader
    from .replies import Replies
    from .revocations import Revocations
    from .streams import Streams, Window
    from .value import Encoded

__all__ = ["ThreadsEngine"]


class ThreadsEngine:
    """Answers calls as they end.

    Args:
        reader: Of the requests channel.
        replies: The replies channel.
        streams: Where credit arrives.
        main_loop: Where asynchronous hooks ran.
        concurrency: How many calls may run at once, and how many threads there are at most.

    Attributes:
        interrupts: What asks calls to end.
    """

    def __init__(
        self, reader: FrameReader, replies: Replies, streams: Streams, main_loop: EventLoop, concurrency: int
    ) -> None:
        self._calls: dict[int, RunningCall] = {}
        self.interrupts = ThreadInterrupts(self._calls)
        self._intake = Intake(
            replies.codec, self._refuse, streams, self.interrupts, self._calls, replies.inputs
        )
        self._reader = reader
        self._replies = replies
        self._main_loop = main_loop
        self._concurrency = concurrency
        self._handed: SimpleQueue[RunningCall | None] = SimpleQueue()
        self._answered: SimpleQueue[None] = SimpleQueue()
        self._writing = allocate_lock()
        self._threads: list[Thread] = []
        self._batch_threads: list[Thread] = []
        self._context = copy_context()
        self._batches: ThreadBatches | None = None

    @property
    def functions(self) -> Mapping[str, Exposed]:
        """What may be called, by exact name."""
        return self._intake.functions

    @functions.setter
    def functions(self, functions: Mapping[str, Exposed]) -> None:
        self._intake.functions = functions
        if any(exposed.batch is not None for exposed in functions.values()):
            from .batching_threads import ThreadBatches

            self._batches = ThreadBatches(self, self._replies, self.interrupts, self._concurrency)
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
        found = []
        for each in list(self._calls.values()):
            loop = each.loop
            on_loop = (None, None) if loop is None else (loop.loop, loop.task)
            found.append((each.call.id, each.call.thread, *on_loop))
        return found

    def serve(self) -> None:
        """Answer calls until Node ends the requests channel and the last has ended.

        Raises:
            ProtocolError: Node sent what is no call.
            FrameTooLarge: Node sent more than the limits allow.
            OSError: A channel is gone.
        """
        self._context = copy_context()
        read, take, answered = self._reader.read, self._intake.take, self._answered
        taken = 0  # places
        while True:
            frame = read()
            if frame is None:
                break
            while taken == self._concurrency or not answered.empty():
                answered.get()
                taken -= 1
            running = take(frame)
            if running is not None and self._hand_out(running):
                taken += 1
            del frame, running  # the arguments, before waiting for the next
        if self._batches is not None:
            self._batches.hurry()
        for _ in range(taken):
            answered.get()

    def close(self) -> None:
        """Let every thread close its loop and end. Once :meth:`serve` has returned."""
        self._main_loop.close()
        for _ in self._threads:
            self._handed.put(None)
        if self._batches is not None:
            self._batches.close()
        for thread in self._threads + self._batch_threads:
            thread.join()

    def disarm(self) -> None:
        """In a forked child: nothing, for nothing of this runs there but the thread that forked."""

    def _hand_out(self, running: RunningCall) -> bool:
        """Whether it has its place still: one that does not go into a batch is answered at once."""
        if self._batches is not None and running.exposed.batch is not None:
            try:
                self._batches.add(running)
            except (InvalidArguments, RuntimeError) as error:
                self._intake.refuse(running, error)
                return False
            return True
        self._handed.put(running)
        if len(self._threads) < len(self._calls) and self._needs_thread():
            thread = Thread(target=self._work, name=f"pypool-call-{len(self._threads)}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more to be had: those that there are have to do
                if not self._threads:
                    raise
            else:
                self._threads.append(thread)
        return True

    def _needs_thread(self) -> bool:
        """Whether there are fewer threads than calls that take one. Those of batches take none."""
        if self._batches is None:
            return True
        calls = list(self._calls.values())  # in one step, while others go
        return len(self._threads) < sum(each.exposed.batch is None for each in calls)

    def run(self, function: Callable[..., None], *args: Any) -> None:
        """Call a function in a context of its own: what one call sets there is nothing to the next."""
        self._context.copy().run(function, *args)

    def start_thread(self, name: str, serve: Callable[[EventLoop], None]) -> None:
        """Have `serve` run on a thread that is of no call, with a loop of its own.

        Raises:
            RuntimeError: There are no more threads to be had.
        """
        thread = Thread(target=self._guard, args=(serve,), name=name, daemon=True)
        thread.start()
        self._batch_threads.append(thread)

    def _work(self) -> None:
        self._guard(self._serve_calls)

    def _guard(self, serve: Callable[[EventLoop], None]) -> None:
        loop = EventLoop()
        try:
            serve(loop)
        except OSError:
            self.leave_child(None)
            lifecycle.kill_process_group()  # Node is gone
        except BaseException:
            lifecycle.die_of_bug()  # its call would never end
        try:
            loop.close()
        except BaseException as error:
            lifecycle.print_exception(error)

    def _serve_calls(self, loop: EventLoop) -> None:
        while True:
            running = self._handed.get()
            if running is None:
                break
            self.run(self._answer, running, loop)
            del running  # its arguments, before waiting for the next
            self._answered.put(None)

    def _answer(self, running: RunningCall, loop: EventLoop) -> None:
        call, exposed = running.call, running.exposed
        call.thread = get_ident()
        running_call.set(call)
        traceparent = call.traceparent
        if traceparent is not None:
            join_trace(traceparent, call.tracestate)
        try:
            if running.wanted == "interrupt":
                raise Cancelled(started=False)
            if running.window is not None:
                self._stream(running, running.window, loop)
                result = None
            else:
                result = exposed.function(*running.args, **running.kwargs)
                if type(result) is COROUTINE:
                    result = self.run_on(loop, running, result)
                if type(result) in STREAMS:
                    raise returned_stream(exposed.name)
            encoded = self._replies.codec.encode(result)
        except BaseException as error:
            if self.interrupts.ended_by(running, loop, error):
                error = error if isinstance(error, Cancelled) else Cancelled()
            elif type(error) is TypeError:
                error = explain(error, exposed, running.args, running.kwargs, _CALL_SITES)
            self._refuse(call.id, error)
        else:
            self._reply(partial(self._replies.result, call.id, encoded))
        self._intake.release(call.id)

    def run_on(self, loop: EventLoop, running: RunningCall, coroutine: Any) -> Any:
        """Run a coroutine to its end on its thread's loop, where it can be cancelled."""
        try:
            self.interrupts.watch_loop(running, loop)
        except Cancelled:
            coroutine.close()
            raise
        return loop.run(coroutine)

    def _stream(self, running: RunningCall, window: Window, loop: EventLoop) -> None:
        """Run a call that asked for items. Its result is the end."""
        if window.left:
            return
        source = running.exposed.function(*running.args, **running.kwargs)
        if type(source) is COROUTINE:
            source = self.run_on(loop, running, source)
        if hasattr(source, "__anext__"):
            self.interrupts.watch_loop(running, loop)
        write = partial(self._write_items, running.call.id)
        # Encoding runs code of the user's, which may wait for another call: never while others cannot reply.
        StreamProducer(running.exposed.name, window, self._replies.encode_items, write, running).produce(
            source, loop
        )

    def _write_items(self, call_id: int, encoded: Encoded) -> None:
        with self._writing:
            self._replies.items(call_id, encoded)

    def finish(self, running: RunningCall, reply: Callable[[], None]) -> None:
        """Answer a call of a batch, and only then give its place to the next."""
        self._reply(reply)
        self._intake.release(running.call.id)
        self._answered.put(None)

    def refuse(self, running: RunningCall, error: BaseException) -> None:
        """As :meth:`finish`, with an error."""
        self._refuse(running.call.id, error)
        self._intake.release(running.call.id)
        self._answered.put(None)

    def leave_child(self, error: BaseException | None) -> None:
        """End here, where this is a child that user code forked.

        Args:
            error: What it came back with.
        """
        if self._replies.disarmed:
            lifecycle.leave_child(error)

    def _refuse(self, call_id: int, error: BaseException) -> None:
        self.leave_child(error)
        self._reply(partial(self._replies.send_error, call_id, self._replies.encode_error(error)))

    def _reply(self, write: Callable[[], None]) -> None:
        if self._replies.disarmed:
            write()  # a child that was forked ends in there; another thread may have held the lock
        with self._writing:
            write()


_CALL_SITES = (ThreadsEngine._answer.__code__, ThreadsEngine._stream.__code__)
