"""The `sync` engine: one call at a time, each on the main thread.

A result is on the wire before the next call is read. That is what makes the outcome of a dead worker's calls
known, and there is no thread to hand anything to.
"""

from __future__ import annotations

from functools import partial
from time import monotonic

from .call_failures import explain, returned_stream, wants_call, wants_stream
from .context import Call, running_call, watch_main
from .deferred import COROUTINE, DEFERRED, STREAMS
from .errors import Cancelled, ProtocolError, UnknownFunction
from .expose import suggestions
from .interrupts_sync import SyncInterrupts
from .message_parse import parse_call
from .revocations import Revocations
from .stream_producer import StreamProducer
from .tracing import join_trace, leave_trace
from .user_code import UserCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .dump import Place
    from .event_loop import EventLoop
    from .expose import Exposed
    from .frame import Frame
    from .frame_reader import FrameReader
    from .replies import Replies
    from .streams import Streams

__all__ = ["SyncEngine"]


class SyncEngine:
    """Answers calls in their order.

    Args:
        reader: Of the requests channel.
        replies: The replies channel.
        streams: Where credit arrives.
        user_code: Where handlers are entered.
        loop: For handlers that are asynchronous.

    Attributes:
        interrupts: What ends calls that run.
        revocations: Which calls never start.
    """

    def __init__(
        self,
        reader: FrameReader,
        replies: Replies,
        streams: Streams,
        user_code: UserCode,
        loop: EventLoop,
    ) -> None:
        self._now: tuple[int, str, Mapping[str, Any], float] | None = None
        self._calls: dict[int, Call] = {}
        self._trace: Any = None
        watch_main(lambda: self.running)
        self._functions: Mapping[str, Exposed] = {}
        self.interrupts = SyncInterrupts(
            user_code, loop, lambda: self.running, lambda name: self._functions[name].cancel
        )
        self.revocations = Revocations()
        self._reader = reader
        self._replies = replies
        self._streams = streams
        self._user_code = user_code
        self._loop = loop

    @property
    def functions(self) -> Mapping[str, Exposed]:
        """What may be called, by exact name."""
        return self._functions

    @functions.setter
    def functions(self, functions: Mapping[str, Exposed]) -> None:
        if any(exposed.batch is not None for exposed in functions.values()):
            from .batching import one_by_one

            functions = one_by_one(functions)
        self._functions = functions

    @property
    def running(self) -> Call | None:
        """The call that runs now; made when somebody asks. Other threads may look."""
        now = self._now
        if now is None:
            return None
        call = self._calls.get(now[0])
        if call is None:
            # One object for all who ask, on whatever thread, without a lock that a fork might find taken.
            call = self._calls.setdefault(now[0], Call(*now))
            for other in self._calls.copy():
                if other < now[0]:
                    self._calls.pop(other, None)
        return call

    def runs(self, call_id: int) -> bool:
        """Whether this call has a place still. For any thread."""
        now = self._now
        return now is not None and now[0] == call_id

    def places(self) -> list[Place]:
        """Where the calls that run are. For any thread."""
        call = self.running
        return [] if call is None else [(call.id, call.thread, self._loop.loop, self._loop.task)]

    def serve(self) -> None:
        """Answer calls until Node ends the requests channel.

        Raises:
            ProtocolError: Node sent what is no call.
            FrameTooLarge: Node sent more than the limits allow.
            OSError: A channel is gone.
        """
        read, answer, inputs = self._reader.read, self._answer, self._replies.inputs
        while True:
            frame = read()
            if frame is None:
                return
            answer(frame)
            del frame  # its buffers, before waiting for the next
            if self._trace is not None:
                leave_trace(self._trace)
                self._trace = None
            if inputs is not None and inputs.calls:
                for call_id in list(inputs.calls):
                    inputs.close(call_id)
            self._now = None

    def close(self) -> None:
        """Close the loop. Once :meth:`serve` has returned."""
        self._user_code.run(self._loop.close)

    def disarm(self) -> None:
        """In a forked child: interrupt nothing."""
        self.interrupts.disarm()

    def _answer(self, frame: Frame) -> None:
        call_id = frame.call_id
        user_code, interrupts, revocations = self._user_code, self.interrupts, self.revocations
        revocations.latest = call_id
        if revocations.ids and revocations.drop(call_id):
            return
        exposed = None
        try:
            # What breaks the protocol here ends the worker. Below, ProtocolError is nothing but an exception
            # of the user's.
            name, args, kwargs, meta = parse_call(frame, self._replies.codec)
        except ProtocolError:
            raise
        except BaseException as error:  # of a decoder of the user's, of a module that his own stands for, ...
            self._replies.error(call_id, error)
            return
        try:
            exposed = self._functions.get(name)
            if exposed is None:
                raise UnknownFunction(name, suggestions(name, self._functions))
            self._now = (call_id, name, meta, monotonic())
            if "traceparent" in meta:
                self._trace = join_trace(meta["traceparent"], meta.get("tracestate"))
            if "inputs" in meta:
                self._open_inputs(exposed, call_id, args, kwargs, meta["inputs"])
            interrupts.latest = call_id
            if interrupts.notes:
                interrupts.begin(call_id)
            if "credit" in meta:
                if exposed.batch is not None:
                    raise wants_call(name)
                self._stream(exposed, call_id, args, kwargs, meta)
                result = None
            elif exposed.stream:
                raise wants_stream(name)
            else:
                # `UserCode.run` written out: this is the way of nearly every call.
                user_code.entered = True
                result = exposed.function(*args, **kwargs) if kwargs else exposed.function(*args)
                user_code.entered = False
                if type(result) in DEFERRED:
                    result = self._settle(name, result)
            encoded = self._replies.codec.encode(result)
        except BaseException as error:
            user_code.entered = False
            if interrupts.ended_by(call_id, error):
                error = error if isinstance(error, Cancelled) else Cancelled()
            elif type(error) is TypeError and exposed is not None:
                error = explain(error, exposed, args, kwargs, _CALL_SITES)
            self._replies.error(call_id, error)
            return
        self._replies.result(call_id, encoded)

    def _open_inputs(
        self, exposed: Exposed, call_id: int, args: list[Any], kwargs: dict[str, Any], places: list[int | str]
    ) -> None:
        if self._replies.inputs is not None:
            self._replies.inputs.open(call_id, args, kwargs, places, exposed)

    def _settle(self, name: str, result: Any) -> Any:
        """Make a value of a result that is none yet."""
        if type(result) is COROUTINE:
            running_call.set(self.running)
            try:
                result = self._user_code.run(self._loop.run, (result,))
            finally:
                running_call.set(None)
        if type(result) in STREAMS:
            raise returned_stream(name)
        return result

    def _stream(
        self, exposed: Exposed, call_id: int, args: list[Any], kwargs: dict[str, Any], meta: Mapping[str, Any]
    ) -> None:
        """Run a call that asked for items. Its result is the end."""
        window = self._streams.open(call_id, meta)
        call = self.running
        running_call.set(call)
        try:
            if window.left or (call is not None and call.cancelled):
                return
            source = self._user_code.run(exposed.function, args, kwargs)
            write = partial(self._replies.items, call_id)
            StreamProducer(exposed.name, window, self._replies.encode_items, write, self._user_code).produce(
                source, self._loop
            )
        finally:
            running_call.set(None)
            self._streams.close(call_id)


_CALL_SITES = (SyncEngine._answer.__code__, UserCode.run.__code__)
