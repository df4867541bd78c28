"""The `sync` engine: one call at a time, each on the main thread.

A result is on the wire before the next call is read. That is what makes the outcome of a dead worker's calls
known, and there is no thread to hand anything to.
"""

from __future__ import annotations

from functools import partial
from time import monotonic

from .context import Call, running_call, watch_main
from .deferred import COROUTINE, DEFERRED, STREAMS
from .errors import Cancelled, InvalidArguments, UnknownFunction
from .expose import suggestions
from .message_parse import parse_call
from .streams import StreamProducer
from .user_code import UserCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .event_loop import EventLoop
    from .expose import Exposed
    from .frame import Frame
    from .frame_reader import FrameReader
    from .interrupts import Interrupts
    from .replies import Replies
    from .streams import Streams

__all__ = ["SyncEngine"]


class SyncEngine:
    """Answers calls in their order.

    Args:
        functions: What may be called, by exact name.
        reader: Of the requests channel.
        replies: The replies channel.
        streams: Where credit arrives.
        user_code: Where handlers are entered.
        loop: For handlers that are asynchronous.
        interrupts: Told of each call that begins.

    Attributes:
        functions: As given.
    """

    def __init__(
        self,
        functions: Mapping[str, Exposed],
        reader: FrameReader,
        replies: Replies,
        streams: Streams,
        user_code: UserCode,
        loop: EventLoop,
        interrupts: Interrupts,
    ) -> None:
        self._now: tuple[int, str, Mapping[str, Any], float] | None = None
        self._calls: dict[int, Call] = {}
        watch_main(lambda: self.running)
        self.functions = functions
        self._reader = reader
        self._replies = replies
        self._streams = streams
        self._user_code = user_code
        self._loop = loop
        self._interrupts = interrupts

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

    def serve(self) -> None:
        """Answer calls until Node ends the requests channel.

        Raises:
            ProtocolError: Node sent what is no call.
            FrameTooLarge: Node sent more than the limits allow.
            OSError: A channel is gone.
        """
        read, answer = self._reader.read, self._answer
        while True:
            frame = read()
            if frame is None:
                return
            answer(frame)
            del frame  # its buffers, before waiting for the next
            self._now = None

    def _answer(self, frame: Frame) -> None:
        call_id = frame.call_id
        user_code, interrupts = self._user_code, self._interrupts
        exposed = None
        try:
            # What breaks the protocol here ends the worker. Below, ProtocolError is nothing but an exception
            # of the user's.
            name, args, kwargs, meta = parse_call(frame, self._replies.codec)
        except (InvalidArguments, MemoryError, RecursionError) as error:
            self._replies.error(call_id, error)
            return
        try:
            exposed = self.functions.get(name)
            if exposed is None:
                raise UnknownFunction(name, suggestions(name, self.functions))
            self._now = (call_id, name, meta, monotonic())
            interrupts.latest = call_id
            if interrupts.notes:
                interrupts.begin(call_id)
            if "credit" in meta:
                self._stream(exposed, call_id, args, kwargs, meta["credit"])
                result = None
            elif exposed.stream:
                raise InvalidArguments(f"{name}() is a stream: use stream() instead of call()")
            else:
                # `UserCode.run` written out: this is the way of nearly every call.
                user_code.entered = True
                result = exposed.function(*args, **kwargs)
                user_code.entered = False
                if type(result) in DEFERRED:
                    result = self._settle(name, result)
            encoded = self._replies.codec.encode(result)
        except BaseException as error:
            user_code.entered = False
            if interrupts.ended_by(call_id, error):
                error = error if isinstance(error, Cancelled) else Cancelled()
            elif type(error) is TypeError and exposed is not None:
                error = self._explain(error, exposed, args, kwargs)
            self._replies.error(call_id, error)
            return
        self._replies.result(call_id, encoded)

    def _settle(self, name: str, result: Any) -> Any:
        """Make a value of a result that is none yet."""
        if type(result) is COROUTINE:
            running_call.set(self.running)
            try:
                result = self._user_code.run(self._loop.run, (result,))
            finally:
                running_call.set(None)
        if type(result) in STREAMS:
            raise InvalidArguments(
                f"{name}() returned a stream: use stream() instead of call()", started=True
            )
        return result

    def _stream(
        self, exposed: Exposed, call_id: int, args: list[Any], kwargs: dict[str, Any], credit: int
    ) -> None:
        """Run a call that asked for items. Its result is the end."""
        window = self._streams.open(call_id, credit)
        call = self.running
        running_call.set(call)
        try:
            if window.left or (call is not None and call.cancelled):
                return
            source = self._user_code.run(exposed.function, args, kwargs)
            send = partial(self._replies.items, call_id)
            StreamProducer(exposed.name, window, send, self._user_code, self._loop).produce(source)
        finally:
            running_call.set(None)
            self._streams.close(call_id)

    def _explain(
        self, error: TypeError, exposed: Exposed, args: list[Any], kwargs: dict[str, Any]
    ) -> TypeError | InvalidArguments:
        """Tell arguments that do not fit from a TypeError of the function's own."""
        if not _failed_to_bind(error):
            return error
        from inspect import signature

        try:
            expected = signature(exposed.function)
        except (TypeError, ValueError):
            return error  # a function in C that does not tell
        try:
            expected.bind(*args, **kwargs)
        except TypeError:
            explained = InvalidArguments(str(error), f"{exposed.name}{expected}")
            explained.__cause__ = error
            return explained
        return error


def _failed_to_bind(error: BaseException) -> bool:
    """Whether user code failed before its first line: perhaps its arguments did not fit."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code in _CALL_SITES


_CALL_SITES = (SyncEngine._answer.__code__, UserCode.run.__code__)
