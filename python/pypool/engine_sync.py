"""The `sync` engine: one call at a time, each on the main thread.

A result is on the wire before the next call is read. That is what makes the outcome of a dead worker's calls
known, and there is no thread to hand anything to.
"""

from __future__ import annotations

from functools import partial

from .context import Call, running_call
from .deferred import COROUTINE, DEFERRED, STREAMS
from .errors import InvalidArguments, UnknownFunction
from .expose import suggestions
from .messages import parse_call
from .streams import StreamProducer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .event_loop import EventLoop
    from .expose import Exposed
    from .frame import Frame, FrameReader
    from .replies import Replies
    from .streams import Streams
    from .user_code import UserCode

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

    Attributes:
        running: The call that runs now. Other threads may look.
    """

    def __init__(
        self,
        functions: Mapping[str, Exposed],
        reader: FrameReader,
        replies: Replies,
        streams: Streams,
        user_code: UserCode,
        loop: EventLoop,
    ) -> None:
        self.running: Call | None = None
        self._functions = functions
        self._reader = reader
        self._replies = replies
        self._streams = streams
        self._user_code = user_code
        self._loop = loop

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
            self.running = None

    def _answer(self, frame: Frame) -> None:
        call_id = frame.call_id
        try:
            # What breaks the protocol here ends the worker. Below, ProtocolError is nothing but an exception
            # of the user's.
            name, args, kwargs, meta = parse_call(frame, self._replies.codec)
        except (InvalidArguments, MemoryError, RecursionError) as error:
            self._replies.error(call_id, error)
            return
        try:
            exposed = self._functions.get(name)
            if exposed is None:
                raise UnknownFunction(name, suggestions(name, self._functions))
            call = self.running = Call(call_id, name, meta)
            running_call.set(call)
            if "credit" in meta:
                self._stream(exposed, call_id, args, kwargs, meta["credit"])
                result = None
            elif exposed.stream:
                raise InvalidArguments(f"{name}() is a stream: use stream() instead of call()")
            else:
                result = self._user_code.run(exposed.function, args, kwargs)
                if type(result) in DEFERRED:
                    result = self._settle(name, result)
            encoded = self._replies.codec.encode(result)
        except BaseException as error:
            if type(error) is TypeError and exposed is not None:
                error = self._explain(error, exposed, args, kwargs)
            self._replies.error(call_id, error)
            return
        self._replies.result(call_id, encoded)

    def _settle(self, name: str, result: Any) -> Any:
        """Make a value of a result that is none yet."""
        if type(result) is COROUTINE:
            result = self._user_code.run(self._loop.run, (result,))
        if type(result) in STREAMS:
            raise InvalidArguments(f"{name}() returned a stream: use stream() instead of call()")
        return result

    def _stream(
        self, exposed: Exposed, call_id: int, args: list[Any], kwargs: dict[str, Any], credit: int
    ) -> None:
        """Run a call that asked for items. Its result is the end."""
        window = self._streams.open(call_id, credit)
        try:
            if window.left:
                return
            source = self._user_code.run(exposed.function, args, kwargs)
            send = partial(self._replies.items, call_id)
            StreamProducer(exposed.name, window, send, self._user_code, self._loop).produce(source)
        finally:
            self._streams.close(call_id)

    def _explain(
        self, error: TypeError, exposed: Exposed, args: list[Any], kwargs: dict[str, Any]
    ) -> TypeError | InvalidArguments:
        """Tell arguments that do not fit from a TypeError of the function's own."""
        if not self._user_code.failed_to_bind(error):
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
